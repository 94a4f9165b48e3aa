// Server-sent events out. A client that leaves is noticed by the stream's cancel, which ends the
// model's work.

/**
 * Turns lines of data into an SSE body, pulled by the client's own pace; lines that are there together
 * are written together. `onLeave` is called at once
 * when the client leaves, also before the first line and while the next one is awaited.
 */
export function sseBody(
  lines: AsyncGenerator<readonly string[], void>,
  onLeave: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value.map((line) => `data: ${line}\n\n`).join('')));
    },
    async cancel() {
      onLeave();
      await lines.return();
    },
  });
}

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;
