// Asks a workerd that was started with its inspector how large a Worker's heap is (Chrome DevTools Protocol).

import { z } from 'zod';

const targetsSchema = z.array(z.looseObject({ webSocketDebuggerUrl: z.url() }));
const usageSchema = z.looseObject({
  result: z.looseObject({ usedSize: z.number(), totalSize: z.number() }),
});

const ANSWER_WITHIN_MS = 30_000;

async function addressOf(port: number, service: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/json`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const targets = targetsSchema.parse(await response.json());
  const found = targets.find(({ webSocketDebuggerUrl: url }) => url.endsWith(`/${service}`));
  if (found === undefined) throw new Error(`The inspector knows no service "${service}".`);
  return found.webSocketDebuggerUrl;
}

export async function heapOf(
  port: number,
  service: string,
): Promise<{ heapUsedMib: number; heapTotalMib: number }> {
  const socket = new WebSocket(await addressOf(port, service));
  const answered = Promise.withResolvers<unknown>();
  const late = setTimeout(
    () => answered.reject(new Error('the inspector is silent')),
    ANSWER_WITHIN_MS,
  );
  socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' }));
  socket.onmessage = ({ data }) => answered.resolve(JSON.parse(String(data)));
  socket.onerror = () => answered.reject(new Error('the inspector cannot be reached'));
  try {
    const { result } = usageSchema.parse(await answered.promise);
    return { heapUsedMib: result.usedSize / 2 ** 20, heapTotalMib: result.totalSize / 2 ** 20 };
  } finally {
    clearTimeout(late);
    socket.close();
  }
}
