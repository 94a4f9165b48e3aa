// The patience of one answer: whatever is awaited from the model server must come in time, or its work is
// ended. One timer for the whole answer, moved on when it fires early: a timer for each wait, and a
// combined signal for each request, were a good part of what a short answer cost.

import { type ModelFailure, ModelServerError } from './failure.ts';

export class Watchdog {
  private readonly abort = new AbortController();
  private readonly late = Promise.withResolvers<never>();
  private readonly outer: AbortSignal;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private firesMs = 0;
  /** Undefined while nothing is awaited: a slow reader is not the model's fault. */
  private due: { atMs: number; afterMs: number } | undefined;

  constructor(outer: AbortSignal) {
    this.outer = outer;
    this.late.promise.catch(() => undefined);
    if (outer.aborted) this.abort.abort();
    else outer.addEventListener('abort', this.leave, { once: true });
  }

  /** Aborted when the time is over or the outer signal is. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Throws ModelServerError: `timed_out`, or `failure` when the work itself fails. */
  async within<Value>(work: Promise<Value>, ms: number, failure: ModelFailure): Promise<Value> {
    const nowMs = performance.now();
    this.due = { atMs: nowMs + ms, afterMs: ms };
    if (this.timer === undefined || this.firesMs > this.due.atMs) this.arm(nowMs);
    try {
      return await Promise.race([work, this.late.promise]);
    } catch (error) {
      if (error instanceof ModelServerError) throw error;
      throw new ModelServerError(failure, error instanceof Error ? error.name : 'failed');
    } finally {
      this.due = undefined;
    }
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.leave);
  }

  private readonly leave = () => this.abort.abort();

  private arm(nowMs: number): void {
    if (this.due === undefined) return;
    clearTimeout(this.timer);
    this.firesMs = this.due.atMs;
    this.timer = setTimeout(() => this.fire(), this.due.atMs - nowMs);
  }

  private fire(): void {
    this.timer = undefined;
    if (this.due === undefined) return;
    const nowMs = performance.now();
    // A runtime's clock may stand a moment before the timer's.
    if (this.due.atMs - nowMs > 1) {
      this.arm(nowMs);
      return;
    }
    this.late.reject(
      new ModelServerError('timed_out', `nothing came for ${Math.round(this.due.afterMs)} ms`),
    );
    this.abort.abort();
  }
}
