// The circuit breakers of this isolate, one for each model version. Plain state, no promises: they
// are shared by requests that must not wait for one another.

import { admit, type Breaker, type CallResult, CLOSED, settle } from '../../core/breaker.ts';

/** An isolate says once a minute at most that a candidate is down. */
const TELL_EVERY_MS = 60_000;
const TELL_AGAIN_MS = 5_000;

/** Versions come and go every week; the oldest are forgotten. */
const MAX_VERSIONS = 32;

export class Breakers {
  private readonly held = new Map<string, Breaker>();
  private readonly toldMs = new Map<string, number>();

  /** Whether to ask this version; the caller settles what it was admitted to. */
  admits(model: string, nowMs: number): boolean {
    const { allowed, next } = admit(this.held.get(model) ?? CLOSED, nowMs);
    this.keep(model, next);
    return allowed;
  }

  settle(model: string, result: CallResult, nowMs: number): void {
    this.keep(model, settle(this.held.get(model) ?? CLOSED, result, nowMs));
  }

  /** As far as this isolate knows. */
  isWell(model: string): boolean {
    return (this.held.get(model) ?? CLOSED).phase === 'closed';
  }

  /** Kept away from it now, while the other answers: worth telling whoever tries the one. */
  isDown(model: string, { while: production }: { while: string }): boolean {
    return this.held.get(model)?.phase === 'open' && this.isWell(production);
  }

  /** Whether to tell it now; at most once a minute for each experiment. */
  mayTell(experimentId: string, nowMs: number): boolean {
    const sinceMs = nowMs - (this.toldMs.get(experimentId) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs >= 0 && sinceMs < TELL_EVERY_MS) return false;
    // Few experiments ever run at once; the old ones are forgotten together.
    if (this.toldMs.size >= MAX_VERSIONS) this.toldMs.clear();
    this.toldMs.set(experimentId, nowMs);
    return true;
  }

  /** It was not told after all: an answer a little later may. */
  untold(experimentId: string, nowMs: number): void {
    this.toldMs.set(experimentId, nowMs - TELL_EVERY_MS + TELL_AGAIN_MS);
  }

  private keep(model: string, breaker: Breaker): void {
    this.held.set(model, breaker);
    const [oldest] = this.held.keys();
    if (this.held.size > MAX_VERSIONS && oldest !== undefined) this.held.delete(oldest);
  }
}

export const breakers = new Breakers();
