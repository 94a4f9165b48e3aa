// A circuit breaker for one model version: after enough failures it is not asked for a while, then
// one request at a time tries it again. Pure: the router keeps one for each version in its isolate
// and hands in the time. Closed, open, half-open as in Nygard, "Release It!" (2nd ed., 2018, ch. 5);
// the failure rate over the last calls with a minimum of calls as in Resilience4j's count-based window.

export const BREAKER_POLICY = {
  /** Outcomes older than this say nothing about now. */
  windowMs: 60_000,
  /** At most this many of the latest outcomes count. */
  calls: 20,
  minimumCalls: 5,
  failureRate: 0.5,
  openMs: 15_000,
  /** A trial that has not ended by then was lost with its request; the next may try. */
  trialMs: 60_000,
} as const;
export type BreakerPolicy = Readonly<Record<keyof typeof BREAKER_POLICY, number>>;

interface CallOutcome {
  atMs: number;
  failed: boolean;
}

export type Breaker =
  | { phase: 'closed'; outcomes: readonly CallOutcome[] }
  | { phase: 'open'; sinceMs: number }
  | { phase: 'half_open'; trialSinceMs: number | null };

export const CLOSED: Breaker = { phase: 'closed', outcomes: [] };

/** `unknown`: the call ended without saying anything about the model, such as by the client leaving. */
export type CallResult = 'ok' | 'failed' | 'unknown';

/** Within `ms` after `sinceMs`; a clock that went back counts as over, or it would stay for hours. */
const within = (sinceMs: number, ms: number, nowMs: number) =>
  nowMs >= sinceMs && nowMs - sinceMs < ms;

/** Whether the model may be asked now, and the breaker afterwards: admitting a trial takes its place. */
export function admit(
  breaker: Breaker,
  nowMs: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): { allowed: boolean; next: Breaker } {
  switch (breaker.phase) {
    case 'closed':
      return { allowed: true, next: breaker };
    case 'open':
      return within(breaker.sinceMs, policy.openMs, nowMs)
        ? { allowed: false, next: breaker }
        : { allowed: true, next: { phase: 'half_open', trialSinceMs: nowMs } };
    case 'half_open':
      return breaker.trialSinceMs !== null && within(breaker.trialSinceMs, policy.trialMs, nowMs)
        ? { allowed: false, next: breaker }
        : { allowed: true, next: { phase: 'half_open', trialSinceMs: nowMs } };
  }
}

/** The breaker after a call that it admitted has ended. */
export function settle(
  breaker: Breaker,
  result: CallResult,
  nowMs: number,
  policy: BreakerPolicy = BREAKER_POLICY,
): Breaker {
  switch (breaker.phase) {
    case 'open':
      // A call from before it opened: it has nothing to add.
      return breaker;
    case 'half_open':
      if (result === 'unknown') return { phase: 'half_open', trialSinceMs: null };
      return result === 'ok' ? CLOSED : { phase: 'open', sinceMs: nowMs };
    case 'closed': {
      if (result === 'unknown') return breaker;
      const outcomes = [...breaker.outcomes, { atMs: nowMs, failed: result === 'failed' }]
        .filter(({ atMs }) => within(atMs, policy.windowMs, nowMs))
        .slice(-policy.calls);
      const failures = outcomes.filter(({ failed }) => failed).length;
      const tripped =
        outcomes.length >= policy.minimumCalls && failures / outcomes.length >= policy.failureRate;
      return tripped ? { phase: 'open', sinceMs: nowMs } : { phase: 'closed', outcomes };
    }
  }
}
