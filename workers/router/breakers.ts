// The circuit breakers of this isolate, one for each model version. Plain state, no promises: they
// are shared by requests that must not wait for one another.

import { admit, type Breaker, type CallResult, CLOSED, settle } from '../../core/breaker.ts';

/** Versions come and go every week; the oldest are forgotten. */
const MAX_VERSIONS = 32;

export class Breakers {
  private readonly held = new Map<string, Breaker>();

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

  private keep(model: string, breaker: Breaker): void {
    this.held.set(model, breaker);
    const [oldest] = this.held.keys();
    if (this.held.size > MAX_VERSIONS && oldest !== undefined) this.held.delete(oldest);
  }
}

export const breakers = new Breakers();
