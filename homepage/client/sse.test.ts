// The event parser against the cases of the HTML standard and every way a network can cut a stream.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser, readSse } from './sse.ts';

const dataOf = (...chunks: string[]): string[] => {
  const parser = createSseParser();
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  return [...events, ...parser.end()].map((event) => event.data);
};

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

describe('the event parser', () => {
  it('takes events apart at blank lines', () => {
    expect(dataOf('data: a\n\ndata: b\n\n')).toEqual(['a', 'b']);
  });
  it('joins several data lines with a line feed', () => {
    expect(dataOf('data: a\ndata: b\n\n')).toEqual(['a\nb']);
  });
  it('keeps all but one leading space and accepts none', () => {
    expect(dataOf('data:  a\n\ndata:b\n\n')).toEqual([' a', 'b']);
  });
  it('ignores comments, unknown fields and events without data', () => {
    expect(dataOf(': ping\n\nretry: 3\nevent: x\n\ndata: a\nfoo: b\n\n')).toEqual(['a']);
  });
  it('keeps the colons of the data', () => {
    expect(dataOf('data: {"a":"b: c"}\n\n')).toEqual(['{"a":"b: c"}']);
  });
  it('drops a byte-order mark at the start only', () => {
    expect(dataOf('\uFEFFdata: a\n\n', '\uFEFFdata: b\n\n')).toEqual(['a']);
  });
  it('drops an event that the end of the stream cut off', () => {
    expect(dataOf('data: a\n\ndata: b\n')).toEqual(['a']);
  });
  it('settles a stream that ends on a lone carriage return', () => {
    expect(dataOf('data: a\r\r')).toEqual(['a']);
  });
  it('names the event and remembers the last id', () => {
    const parser = createSseParser();
    expect(parser.push('event: x\nid: 7\ndata: a\n\ndata: b\n\n')).toEqual([
      { event: 'x', data: 'a', id: '7' },
      { event: 'message', data: 'b', id: '7' },
    ]);
  });

  it('gives the same events wherever the text is cut and whatever ends its lines', () => {
    const events = fc.array(fc.stringMatching(/^[a-z:é🦊 ]{1,8}$/u), {
      minLength: 1,
      maxLength: 5,
    });
    const ends = fc.constantFrom('\n', '\r', '\r\n');
    fc.assert(
      fc.property(events, ends, fc.array(fc.nat(60), { maxLength: 8 }), (texts, end, cuts) => {
        const whole = texts.map((text) => `data: ${text}${end}${end}`).join('');
        const at = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b)];
        const chunks = at.map((from, i) => whole.slice(from, at[i + 1]));
        expect(dataOf(...chunks)).toEqual(texts);
      }),
    );
  });
});

describe('reading a byte stream', () => {
  it('puts characters together that a chunk boundary cut in half', async () => {
    const bytes = new TextEncoder().encode('data: 🦊é\n\ndata: [DONE]\n\n');
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    const seen = [];
    for await (const event of readSse(streamOf(single))) seen.push(event.data);
    expect(seen).toEqual(['🦊é', '[DONE]']);
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
