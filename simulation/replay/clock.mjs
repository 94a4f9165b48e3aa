// A clock for the Worker that stands still, in front of the production bundle: a request begins at the
// moment its header names, and the model server says how long the answer takes. So the product measures
// with its own code exactly what was scripted. Imported before the bundle by the entry that stack.ts
// writes; the product knows nothing of it. Plain JavaScript, because workerd loads it as it is.

import { AsyncLocalStorage } from 'node:async_hooks';
import { standsAtMs } from './stands-at.mjs';

const running = new AsyncLocalStorage();

Date.now = () => standsAtMs + (running.getStore()?.ms ?? 0);

/**
 * The request's own time moves with whatever it waits for. A stream is read to its end within it: read by
 * whom it is sent to, it would be written outside of the request's time.
 */
export const timed = (request, work) =>
  running.run({ ms: Number(request.headers.get('x-replay-ms') ?? 0) }, async () => {
    const response = await work();
    if (!response.headers.get('content-type')?.includes('text/event-stream')) return response;
    return new Response(await response.text(), response);
  });

const send = globalThis.fetch;

globalThis.fetch = async (...args) => {
  const clock = running.getStore();
  const response = await send(...args);
  const script = response.headers.get('x-replay-took-ms');
  if (clock === undefined || script === null) return response;
  const [firstMs, totalMs] = script.split(' ').map(Number);
  const { first, rest, broke } = await twoParts(response.body);
  const startMs = clock.ms;
  const parts = [
    () => ({ ms: startMs + firstMs, text: first }),
    () => ({ ms: startMs + totalMs, text: rest }),
  ];
  const encoder = new TextEncoder();
  const body = new ReadableStream(
    {
      pull(controller) {
        const part = parts.shift()?.();
        if (part !== undefined) clock.ms = part.ms;
        if (part?.text) controller.enqueue(encoder.encode(part.text));
        else if (broke) controller.error(new Error('cut off'));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
};

/** The first event, and what came after it until the end or the break. */
async function twoParts(body) {
  const decoder = new TextDecoder();
  let text = '';
  let broke = false;
  try {
    for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  } catch {
    broke = true;
  }
  const end = text.indexOf('\n\n') + 2;
  return { first: text.slice(0, end), rest: text.slice(end), broke };
}
