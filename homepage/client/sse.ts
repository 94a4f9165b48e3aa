// Server-sent events as the HTML standard describes them: fields split over any chunk boundary,
// CR, LF or CRLF line ends, comments, several data lines an event, a leading byte-order mark.
// Used by the chat stream. Knows nothing of what the data means.

export interface SseEvent {
  event: string;
  data: string;
  id: string | null;
}

export interface SseParser {
  /** Feeds decoded text; returns the events it completed. */
  push(text: string): SseEvent[];
  /** The stream is over: settles a lone CR at its very end. An unfinished event is dropped. */
  end(): SseEvent[];
}

export function createSseParser(): SseParser {
  let rest = '';
  let atStart = true;
  let data: string[] = [];
  let event = '';
  let id: string | null = null;

  const line = (text: string, out: SseEvent[]): void => {
    if (text === '') {
      if (data.length > 0) out.push({ event: event || 'message', data: data.join('\n'), id });
      data = [];
      event = '';
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? text : text.slice(0, colon);
    let value = colon === -1 ? '' : text.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  };

  const push = (text: string): SseEvent[] => {
    const out: SseEvent[] = [];
    if (text === '') return out;
    rest += atStart && text.startsWith('\uFEFF') ? text.slice(1) : text;
    atStart = false;
    let from = 0;
    for (let at = 0; at < rest.length; at += 1) {
      const char = rest[at];
      if (char !== '\n' && char !== '\r') continue;
      // A CR at the very end may be half of a CRLF: wait for the next chunk to know.
      if (char === '\r' && at === rest.length - 1) break;
      line(rest.slice(from, at), out);
      if (char === '\r' && rest[at + 1] === '\n') at += 1;
      from = at + 1;
    }
    rest = rest.slice(from);
    return out;
  };

  return { push, end: () => (rest.endsWith('\r') ? push('\n') : []) };
}

/**
 * Events of a byte stream, in order. An event cut off by the end of the stream is dropped, as the
 * standard asks. Leaving the loop early cancels the stream.
 */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parser = createSseParser();
  let finished = false;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
    yield* parser.push(decoder.decode());
    yield* parser.end();
    finished = true;
  } finally {
    if (!finished) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
