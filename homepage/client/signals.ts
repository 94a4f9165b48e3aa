// Sends what a visitor did with an answer (copied, read, clicked a source), once an answer.
// Uses navigator.sendBeacon, which survives the page being closed; falls back to a keep-alive fetch.
// Never throws and never waits: a lost signal must not cost the visitor anything.
import type { AnswerRef, Signals } from './wire.ts';

export interface SignalOptions {
  baseUrl?: string;
  eventId: string;
  beacon?: (url: string, body: string) => boolean;
  fetch?: typeof fetch;
}

/** True when the browser has taken the signals over. They are sent as text/plain JSON. */
export function sendSignals(answer: AnswerRef, signals: Signals, options: SignalOptions): boolean {
  const url = `${options.baseUrl ?? ''}/api/signals`;
  const body = JSON.stringify({
    interaction_id: answer.interactionId,
    feedback_token: answer.feedbackToken,
    signals,
    event_id: options.eventId,
  });
  const beacon = options.beacon ?? browserBeacon;
  if (beacon(url, body)) return true;
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  // Aborting a keep-alive request after the page is gone has no effect; while it lives, 10 s do.
  const init = { method: 'POST', body, keepalive: true, signal: AbortSignal.timeout(10_000) };
  void send(url, init).catch(() => undefined);
  return false;
}

function browserBeacon(url: string, body: string): boolean {
  try {
    return typeof navigator.sendBeacon === 'function' && navigator.sendBeacon(url, body);
  } catch {
    return false;
  }
}
