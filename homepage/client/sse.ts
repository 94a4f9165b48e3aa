// The events of an answer's byte stream, one after the other. Used by the chat stream. The parsing
// is eventsource-parser's; what is ours is that leaving early ends the connection. Knows nothing of
// what the data means.

import { createParser } from 'eventsource-parser';

export interface SseMessage {
  data: string;
}

/**
 * Events in order. An event cut off by the end of the stream is dropped, as the standard asks.
 * Leaving the loop early cancels the stream.
 */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseMessage> {
  // Read by hand rather than piped: a pipe reads ahead, and cancels its source some time later.
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const complete: SseMessage[] = [];
  const parser = createParser({ onEvent: (event) => complete.push(event) });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* complete.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
