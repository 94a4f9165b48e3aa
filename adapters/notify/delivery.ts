// What a delivery can come to, and the one HTTP exchange that both channels use: a time-out, no
// redirects (the address is a secret), and no word of the address in any error.

export type Delivery =
  | { outcome: 'sent' }
  /** May pass by itself: tried again. */
  | { outcome: 'later'; error: string; retryAfterMs: number | undefined }
  /** Will not pass by itself: given up at once. */
  | { outcome: 'refused'; error: string };

const TIMEOUT_MS = 10_000;
const MOST_TEXT = 300;

export interface Reply {
  status: number;
  text: string;
  retryAfterMs: number | undefined;
}

/** Posts JSON. A failure before there is a reply is a delivery that may pass. */
export async function postJson(
  url: string,
  body: unknown,
  nowMs: number,
): Promise<Reply | Extract<Delivery, { outcome: 'later' }>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = (await response.text()).slice(0, MOST_TEXT);
    const retryAfterMs = retryAfter(response.headers.get('retry-after'), nowMs);
    return { status: response.status, text, retryAfterMs };
  } catch (cause) {
    const late = cause instanceof Error && cause.name === 'TimeoutError';
    const error = late ? `no answer within ${TIMEOUT_MS / 1000} s` : 'it could not be reached';
    return { outcome: 'later', error, retryAfterMs: undefined };
  }
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3). */
export function retryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Too many at a time, or trouble on their side: the same request may be taken later. */
export function judge(reply: Reply, isSent: boolean): Delivery {
  if (isSent) return { outcome: 'sent' };
  const error = `it answered ${reply.status}${reply.text === '' ? '' : `: ${reply.text}`}`;
  const passing = reply.status === 429 || reply.status === 408 || reply.status >= 500;
  return passing
    ? { outcome: 'later', error, retryAfterMs: reply.retryAfterMs }
    : { outcome: 'refused', error };
}

/** Cut to a limit counted in UTF-16 units, with a mark, and never through a character. */
export function cut(text: string, max: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= max) return whole;
  return `${whole.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}\u2026`;
}
