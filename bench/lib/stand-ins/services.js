// In-memory stand-ins for what Cloudflare provides around the Worker, in the protocols workerd speaks
// to them: KV, a queue that counts, and the routing object with an experiment under way (table.json is
// written by raw-workerd.ts from the product's own decision).

import TABLE from './table.json';

let queued = 0;
const stored = new Map([['/routing-table', JSON.stringify(TABLE)]]);

export const kv = {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === 'PUT') {
      stored.set(pathname, await request.text());
      return new Response(null, { status: 204 });
    }
    const value = stored.get(pathname);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
};

export const queue = {
  async fetch(request) {
    await request.arrayBuffer();
    queued += Number(request.headers.get('cf-queue-batch-count') ?? 1);
    const metrics = { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 };
    return Response.json({ metadata: { metrics } });
  },
};

/** How many events the queue has taken; read by the benchmark, to see that each answer was recorded. */
export default {
  async fetch() {
    return Response.json({ queued });
  },
};

export class RoutingStandIn {
  async fetch() {
    return Response.json(TABLE);
  }
}

export class SessionStandIn {
  async fetch() {
    return Response.json({ messages: [] });
  }
}
