// The rate limiter of one machine, in memory and in the Worker's own isolate, as Cloudflare's counts near
// the Worker: a fixed window for each key. It runs inside workerd (limiter-plugin.ts puts it there, and so
// do the benchmarks) and has the interface of Cloudflare's binding. Inner bindings: `limit`, `period` in seconds.

export default function limiter({ limit, period }) {
  let window = 0;
  let counts = new Map();
  return {
    async limit({ key }) {
      const current = Math.floor(Date.now() / (period * 1000));
      if (current !== window) {
        window = current;
        counts = new Map();
      }
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return { success: count <= limit };
    },
  };
}
