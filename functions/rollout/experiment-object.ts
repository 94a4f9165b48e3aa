// One object for each experiment. At each look it gathers facts, decides, saves the state together with
// the effects that are still to be performed, performs them and sets its alarm. So it may be evicted,
// restarted, alarmed twice or late at any point: what was saved is performed first, each effect finding
// out whether it is done, and only then is anything decided. What is lost comes back from the history.

import { createDurable } from 'itty-durable/itty-durable';
import { error, json } from 'itty-router';
import { z } from 'zod';
import { type Commanded, command, rolloutCommandSchema } from '../../core/rollout/command.ts';
import { type Decision, decide } from '../../core/rollout/decide.ts';
import type { Facts } from '../../core/rollout/facts.ts';
import { after, type Held, heldSchema, type Pending, type Taken } from '../../core/rollout/held.ts';
import { afterRefusal } from '../../core/rollout/refused.ts';
import { rolloutStateSchema } from '../../core/rollout/state.ts';
import { type Env, now } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';
import { publishHistory } from '../history/publish.ts';
import { deliverQuietly } from '../notify/deliver.ts';
import { type Gathered, gatherFacts } from './gather.ts';
import {
  ENGINE,
  recordLook,
  recordOver,
  recordSeen,
  recordStep,
  rolloutFromHistory,
} from './record.ts';
import { changeTraffic } from './traffic.ts';

const RETRY_MS = 5_000;

const lookSchema = z.strictObject({ id: z.string() });
const downSchema = z.strictObject({ id: z.string(), why: z.string() });
const orderSchema = z.strictObject({
  id: z.string(),
  command: rolloutCommandSchema,
  who: z.string(),
  request_id: z.string(),
});
export type RolloutOrder = z.infer<typeof orderSchema>;

/** What every call answers. */
export const rolloutAnswerSchema = z.strictObject({
  state: rolloutStateSchema,
  reason: z.string(),
  /** False while something of its last step is still to be done. */
  settled: z.boolean(),
});

interface RouterLike {
  post(path: string, handler: (request: Request) => Promise<Response>): unknown;
}

/** Effects are performed by one at a time; promises cannot be kept where state is persisted. */
const working = new WeakMap<object, Promise<void>>();

export class ExperimentObject extends createDurable({ autoPersist: false }) {
  held: Held | null = null;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    Reflect.set(this.state, 'raw', env);
    const router: RouterLike = Reflect.get(this.state, 'router');
    router.post('/look', (request) => this.looked(request));
    router.post('/command', (request) => this.ordered(request));
    router.post('/down', (request) => this.down(request));
  }

  private get bindings(): Env {
    return Reflect.get(this.state, 'raw');
  }

  private get current(): Held {
    return heldSchema.parse(this.held);
  }

  /** From storage; on first use from the history. False where there is no such rollout. */
  private async load(id: string): Promise<boolean> {
    if (this.held !== null) return true;
    const found = await rolloutFromHistory(this.bindings, id);
    if (found === undefined) return false;
    // Another request may have loaded it, and moved it on, in the meantime.
    this.held ??= found;
    await this.persist();
    return true;
  }

  private answer(): Response {
    const { state, reason, pending } = this.current;
    return json({ state, reason, settled: pending.length === 0 });
  }

  private async looked(request: Request): Promise<Response> {
    const { id } = lookSchema.parse(await request.json());
    if (!(await this.load(id))) return unknown(id);
    await this.look();
    return this.answer();
  }

  async alarm(): Promise<void> {
    await this.loadFromStorage();
    if (this.held === null) return;
    const before = this.current.state.step;
    await this.look();
    if (this.current.state.step === before) return;
    // Here, where nobody waits: neither the object store nor Slack may hold up a change of traffic.
    await publishHistory(this.bindings);
    await deliverQuietly(this.bindings);
  }

  private async look(): Promise<void> {
    await this.perform();
    const env = this.bindings;
    const before = this.current;
    const { state, pending } = before;
    if (pending.length > 0 || state.at.phase === 'ended') return this.wake();
    let gathered: Gathered;
    try {
      gathered = await gatherFacts(env, before);
    } catch (cause) {
      report('facts_unread', cause);
      return this.wake(RETRY_MS);
    }
    // A command that came in between has decided on newer facts than these.
    if (this.current.state.step !== state.step) return;
    const nowMs = now(env);
    const { facts, seen } = gathered;
    const decision = decide(this.current.state, facts, { policy: this.current.policy, nowMs });
    await this.take(decision, { nowMs, who: ENGINE, why: null, requestId: null });
    // Last, because a drawing holds up nothing; without it one point of a line is missing.
    if (seen === null) return;
    await recordSeen(env, before, seen).catch((cause) => report('look_undrawn', cause));
  }

  private async ordered(request: Request): Promise<Response> {
    const order = orderSchema.parse(await request.json());
    if (!(await this.load(order.id))) return unknown(order.id);
    if (this.current.handled.includes(order.request_id)) return this.answer();
    const facts = await this.factsFor(order);
    if (facts instanceof Response) return facts;
    // From here to the change nothing is awaited: of two that come at once the second sees the first.
    const { state, policy, handled } = this.current;
    if (handled.includes(order.request_id)) return this.answer();
    const nowMs = now(this.bindings);
    const done: Commanded = command(state, order.command, facts, { policy, nowMs });
    if (!done.ok) return error(409, `${capital(done.reason)}.`);
    const { who, request_id: requestId } = order;
    await this.take(done, { nowMs, who, why: order.command.reason, requestId });
    return this.answer();
  }

  /** What takes a candidate off, or changes nothing for visitors, waits for no facts and no effects. */
  private async factsFor({ command: { action } }: RolloutOrder): Promise<Facts | Response> {
    if (action !== 'start' && action !== 'approve') return unasked(this.current);
    await this.perform();
    const { state, pending, reason } = this.current;
    if (pending.length > 0) {
      return error(409, 'Its last step is still being carried out. Try again in a minute.');
    }
    try {
      const { facts } = await gatherFacts(this.bindings, this.current);
      if (this.current.state.step === state.step) return facts;
      return error(409, `It has moved on meanwhile: ${reason}.`);
    } catch (cause) {
      report('facts_unread', cause);
      return error(503, 'What must be known for this cannot be read just now. Try again.');
    }
  }

  /** The router's word that the candidate does not answer: acted upon at once, on nothing else. */
  private async down(request: Request): Promise<Response> {
    const { id, why } = downSchema.parse(await request.json());
    if (!(await this.load(id))) return unknown(id);
    const held = this.current;
    if ('progress' in held.state.at) {
      const nowMs = now(this.bindings);
      const facts = { ...unasked(held), candidateDown: why };
      const decision = decide(held.state, facts, { policy: held.policy, nowMs });
      await this.take(decision, { nowMs, who: ENGINE, why: null, requestId: null });
    }
    return this.answer();
  }

  /** Saved with its effects before any is performed; the alarm is set first, in case this is the end. */
  private async take(decision: Decision, taken: Taken): Promise<void> {
    const before = this.current;
    this.held = after(before, decision, taken);
    if (this.held.state.step === before.state.step) {
      await this.persist();
      await recordLook(this.bindings, this.current).catch((cause) =>
        report('look_unrecorded', cause),
      );
      return this.wake();
    }
    await this.setAlarm(Date.now() + RETRY_MS);
    await this.persist();
    await this.perform();
    await this.wake();
  }

  /** Alarms are in real time; the clock of a local stack may be elsewhere. */
  private async wake(soonMs?: number): Promise<void> {
    const { pending, nextLookMs } = this.current;
    const inMs = soonMs ?? (pending.length > 0 ? RETRY_MS : null);
    if (inMs !== null) return void (await this.setAlarm(Date.now() + inMs));
    if (nextLookMs === null) return void (await this.deleteAlarm());
    await this.setAlarm(Date.now() + Math.max(0, nextLookMs - now(this.bindings)));
  }

  private perform(): Promise<void> {
    const before = working.get(this.state) ?? Promise.resolve();
    const run = before.then(() => this.performNow());
    working.set(
      this.state,
      run.catch(() => undefined),
    );
    return run;
  }

  /** Traffic first and whatever Postgres does; then the record; at last that an alarm is over. */
  private async performNow(): Promise<void> {
    await this.performTraffic().catch((cause) => report('rollout_traffic_pending', cause));
    try {
      await this.performRecord();
    } catch (cause) {
      report('rollout_record_pending', cause);
    }
  }

  private async performTraffic(): Promise<void> {
    for (;;) {
      const step = this.current.pending.find(({ traffic }) => traffic.length > 0);
      const change = step?.traffic[0];
      if (step === undefined || change === undefined) return;
      if (change.kind !== 'tell') await this.performChange(step, change);
      // By step, because what is pending may have changed while the table was.
      await this.patch(step, ({ traffic }) => ({ traffic: traffic.slice(1) }));
    }
  }

  private async performChange(
    step: Pending,
    change: Exclude<Pending['traffic'][number], { kind: 'tell' }>,
  ): Promise<void> {
    const made = await changeTraffic(this.bindings, step, change);
    if (made.done) return;
    const { state, policy } = this.current;
    if (state.step !== step.row.state.step) return;
    const nowMs = now(this.bindings);
    const refusal = { sentence: made.refused, isProduction: made.isProduction };
    const decision = afterRefusal(state, change, refusal, { policy, nowMs });
    if (decision === null) return;
    this.held = after(this.current, decision, { nowMs, who: ENGINE, why: null, requestId: null });
    await this.persist();
  }

  private async performRecord(): Promise<void> {
    for (const { row } of this.current.pending) {
      const find = () => this.current.pending.find((one) => one.row.state.step === row.state.step);
      const step = find();
      if (step === undefined) continue;
      if (!step.recorded) {
        await recordStep(this.bindings, step);
        await this.patch(step, () => ({ recorded: true }));
      }
      if ((find()?.traffic.length ?? 0) > 0) continue;
      await recordOver(this.bindings, step);
      const done = row.state.step;
      this.held = {
        ...this.current,
        pending: this.current.pending.filter((one) => one.row.state.step !== done),
      };
      await this.persist();
    }
  }

  private async patch(step: Pending, change: (now: Pending) => Partial<Pending>): Promise<void> {
    const { current } = this;
    const isIt = (one: Pending) => one.row.state.step === step.row.state.step;
    const pending = current.pending.map((one) => (isIt(one) ? { ...one, ...change(one) } : one));
    this.held = { ...current, pending };
    await this.persist();
  }
}

/** Facts for what does not depend on any. */
function unasked({ state: { at } }: Held): Facts {
  const production = 'progress' in at ? at.progress.production : '';
  return { evidence: null, candidateDown: null, production, routed: true, placeInLine: null };
}

const unknown = (id: string) => error(404, `There is no experiment ${id}.`);
const capital = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1);
