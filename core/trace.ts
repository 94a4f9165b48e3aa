// W3C Trace Context (https://www.w3.org/TR/trace-context-1/): what a `traceparent` header says and
// how one is written. Pure; ids that are missing come from the caller's random bytes.

import { hexOf } from './ids.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 0x01;

export interface Trace {
  traceId: string;
  /** The caller's span, when the caller named one. */
  parentId: string | undefined;
  spanId: string;
  sampled: boolean;
}

/** Goes on with the caller's trace, or starts one where the header is missing or not valid. */
export function traceOf(header: string | undefined, random: (length: number) => Uint8Array): Trace {
  const spanId = hexOf(random(8));
  const [, version, traceId = '', parentId = '', flags = '', more] =
    TRACEPARENT.exec(header ?? '') ?? [];
  const valid =
    version !== undefined &&
    version !== 'ff' &&
    // Later versions may append fields; version 00 has none.
    (version !== '00' || more === undefined) &&
    !/^0+$/.test(traceId) &&
    !/^0+$/.test(parentId);
  if (!valid) return { traceId: hexOf(random(16)), parentId: undefined, spanId, sampled: true };
  return { traceId, parentId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

export const traceparent = ({ traceId, spanId, sampled }: Trace): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
