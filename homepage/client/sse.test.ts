// What our reader adds to the parser: whole characters, a dropped tail, and an end to the connection.
import { describe, expect, it } from 'vitest';
import { readSse } from './sse.ts';

const streamOf = (chunks: Uint8Array[], onCancel?: () => void): ReadableStream<Uint8Array> => {
  const waiting = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = waiting.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    cancel: () => onCancel?.(),
  });
};

describe('reading a byte stream', () => {
  it('puts characters together that a chunk boundary cut in half', async () => {
    const bytes = new TextEncoder().encode('data: 🦊é\n\ndata: [DONE]\n\n');
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const seen = [];
    for await (const event of readSse(streamOf(single))) seen.push(event.data);
    expect(seen).toEqual(['🦊é', '[DONE]']);
  });
  it('drops an event that the end of the stream cut off', async () => {
    const bytes = new TextEncoder().encode('data: a\n\ndata: b\n');
    const seen = [];
    for await (const event of readSse(streamOf([bytes]))) seen.push(event.data);
    expect(seen).toEqual(['a']);
  });
  it('passes on what broke the stream', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new TypeError('the connection was lost')),
    });
    const reading = readSse(broken).next();
    await expect(reading).rejects.toThrow('the connection was lost');
  });
  it('cancels the stream when its reader stops early', async () => {
    let cancelled = false;
    const bytes = new TextEncoder().encode('data: a\n\n');
    const stream = streamOf([bytes, bytes, bytes], () => {
      cancelled = true;
    });
    for await (const _ of readSse(stream)) break;
    expect(cancelled).toBe(true);
  });
});
