// A message of the queue holds 128,000 bytes. With a large model window the sources and the question of
// one answer can be more; then its record loses of what the model was given, never of what it said.

import type { InteractionEvent, QueueEvent } from './wire/events.ts';

/** With room for what the queue adds. */
export const MESSAGE_BYTES = 120_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As the queue counts: bytes of UTF-8, not characters. */
export const messageBytes = (event: QueueEvent): number =>
  encoder.encode(JSON.stringify(event)).byteLength;

/**
 * The texts of all sources go first, since a part of them would make the rest of the answer look
 * unsupported; then the oldest part of the question. `+cut` marks it, and like `+custom` keeps it from
 * being taught: the record does not say what the model was given.
 */
export function fitted(event: InteractionEvent, most = MESSAGE_BYTES): InteractionEvent {
  if (messageBytes(event) <= most) return event;
  const cut = {
    ...event,
    prompt_version: `${event.prompt_version}+cut`,
    sources: event.sources.map(({ text: _text, ...source }) => source),
  };
  const over = messageBytes(cut) - most;
  // Where the question is not what is too large, nothing is gained without it.
  if (over <= 0 || over >= encoder.encode(event.query).byteLength) return cut;
  return { ...cut, query: withoutOldest(event.query, over) };
}

/** Without at least so many bytes, and without half a character. */
function withoutOldest(text: string, bytes: number): string {
  const all = encoder.encode(text);
  let start = bytes;
  while (((all[start] ?? 0) & 0b1100_0000) === 0b1000_0000) start += 1;
  return decoder.decode(all.subarray(start));
}
