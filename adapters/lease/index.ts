// What an isolate holds for a moment of something that one Durable Object decides. KV may lag by a
// minute, so an isolate holds a short lease on the object's own answer and sees a change within
// seconds. When the object is out of reach KV answers, then the last good value: never an error.

const LEASE_MS = 3_000;
const READ_TIMEOUT_MS = 500;

export interface LeaseSources<Value> {
  /** The object itself: always right, may be out of reach. It may spare sending what is held. */
  object: (held: Value | undefined) => Promise<Value>;
  /** KV's copy: near, and up to a minute behind. */
  copy: () => Promise<Value | undefined>;
}

function within<Value>(work: () => Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('timed out')), READ_TIMEOUT_MS);
  return Promise.race([work(), late.promise]).finally(() => clearTimeout(timer));
}

/**
 * One for each isolate. `read` never throws; undefined while nothing could ever be read. Who misses
 * something in what is held may ask for a younger value by `maxAgeMs`.
 */
export class Lease<Value extends { version: number }> {
  private held: Value | undefined;
  private knownMissing = false;
  private leaseUntilMs = 0;

  async read(
    sources: LeaseSources<Value>,
    nowMs: number,
    maxAgeMs = LEASE_MS,
  ): Promise<Value | undefined> {
    // A lease further away than it can be was taken before the clock went back: it has ended.
    const leaseLeftMs = this.leaseUntilMs - nowMs;
    const known = this.held !== undefined || this.knownMissing;
    const young = leaseLeftMs > Math.max(0, LEASE_MS - maxAgeMs);
    if (known && young && leaseLeftMs <= LEASE_MS) return this.held;
    // One request refreshes; the others go on with what is held meanwhile. They do not wait for
    // its promise: a request that is cancelled would take theirs with it.
    this.leaseUntilMs = nowMs + READ_TIMEOUT_MS;
    const fresh = await within(() => sources.object(this.held))
      .catch(() => within(sources.copy))
      .catch(() => undefined);
    // KV may be behind what this isolate has already seen: an older version never wins.
    if (fresh !== undefined && fresh.version >= (this.held?.version ?? 0)) this.held = fresh;
    // Nothing is held like anything else, or each request of a cold isolate would wait for both
    // time-outs.
    this.knownMissing = this.held === undefined;
    this.leaseUntilMs = nowMs + LEASE_MS;
    return this.held;
  }
}
