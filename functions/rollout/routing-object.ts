// The routing object: the one place where the routing table changes, one change after the other.
// A change is saved together with its pending effects (the row of history, the copy in KV) before
// any is performed; what fails is retried by alarm. Effects are idempotent by version.

import { createDurable } from 'itty-durable/itty-durable';
import { error, json } from 'itty-router';
import { z } from 'zod';
import { type Database, withDatabase } from '../../adapters/postgres/connect.ts';
import { latestTable } from '../../adapters/postgres/models.ts';
import { writeTable } from '../../adapters/routing-table/index.ts';
import { decideRoute, routeCommandSchema } from '../../core/route-commands.ts';
import { initialTable, type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { databaseOf, type Env, now, settingsOf } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';
import { chainOf, recordRoute } from '../history/append.ts';
import { publishHistory } from '../history/publish.ts';
import { deliverQuietly } from '../notify/deliver.ts';
import { notify } from '../notify/outbox.ts';

const RETRY_MS = 5_000;
const REMEMBERED_REQUESTS = 50;

export const changeSchema = z.strictObject({
  request_id: z.string(),
  command: routeCommandSchema,
  who: z.string(),
  reason: z.string(),
  at: z.int(),
  /** Whoever asks tells operators of it in their own words. */
  told: z.boolean().optional(),
});
export type RouteChange = z.infer<typeof changeSchema>;

interface PendingEffect {
  version: number;
  at: number;
  who: string;
  action: string;
  reason: string;
  summary: string;
  from: RoutingTable;
  to: RoutingTable;
  told?: boolean;
}

interface RouterLike {
  post(path: string, handler: (request: Request) => Promise<Response>): unknown;
}

export class RoutingObject extends createDurable({ autoPersist: false }) {
  table: RoutingTable | null = null;
  pending: PendingEffect[] = [];
  handled: string[] = [];

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    Reflect.set(this.state, 'raw', env);
    const router: RouterLike = Reflect.get(this.state, 'router');
    router.post('/table', async () => {
      await this.load();
      return json(this.current);
    });
    router.post('/change', (request) => this.change(request));
    router.post('/rebuild', () => this.rebuild());
  }

  private get bindings(): Env {
    return Reflect.get(this.state, 'raw');
  }

  /** From storage; on first use from the record, so that losing the object loses nothing. */
  private async load(): Promise<void> {
    if (this.table !== null) return;
    const base = settingsOf(this.bindings).BASE_MODEL;
    const recorded = await withDatabase(databaseOf(this.bindings), latestTable);
    // Another request may have loaded, and even changed, the table in the meantime.
    if (this.table !== null) return;
    this.table = recorded ?? initialTable(base);
    await this.persist();
  }

  private get current(): RoutingTable {
    return routingTableSchema.parse(this.table);
  }

  private async change(request: Request): Promise<Response> {
    const change = changeSchema.parse(await request.json());
    await this.load();
    // From here to the assignment nothing is awaited: one change after the other.
    const table = this.current;
    if (this.handled.includes(change.request_id)) return json(table);
    const decision = decideRoute(table, change.command, change.at);
    if (!decision.ok) return error(409, `${capital(decision.reason)}.`);
    this.table = decision.next;
    this.handled = [...this.handled, change.request_id].slice(-REMEMBERED_REQUESTS);
    this.pending = [
      ...this.pending,
      {
        version: decision.next.version,
        at: change.at,
        who: change.who,
        action: change.command.action,
        reason: change.reason,
        summary: decision.summary,
        from: table,
        to: decision.next,
        ...(change.told === true ? { told: true } : {}),
      },
    ];
    await this.persist();
    await this.setAlarm(Date.now() + RETRY_MS);
    await this.performPending();
    return json(decision.next);
  }

  /** Forgets what the object holds and reads the record again. */
  private async rebuild(): Promise<Response> {
    await this.performPending();
    if (this.pending.length > 0) return error(409, 'Changes are still being written. Try again.');
    this.table = null;
    await this.load();
    await writeTable(this.bindings.ROUTING_KV, this.current);
    return json(this.current);
  }

  async alarm(): Promise<void> {
    await this.loadFromStorage();
    await this.performPending();
    if (this.pending.length > 0) await this.setAlarm(Date.now() + RETRY_MS);
    // Here, where nobody waits: neither the object store nor Slack may hold up a change of traffic.
    await publishHistory(this.bindings);
    await deliverQuietly(this.bindings);
  }

  /** Traffic first (KV), then the record; both are safe to repeat. Never throws. */
  private async performPending(): Promise<void> {
    if (this.pending.length === 0) return;
    const done = this.pending;
    try {
      if (this.table !== null) await writeTable(this.bindings.ROUTING_KV, this.current);
      await withDatabase(databaseOf(this.bindings), async (db) => {
        for (const effect of done) await this.recordChange(db, effect);
      });
    } catch (cause) {
      report('routing_effect_pending', cause);
      return;
    }
    this.pending = this.pending.filter((effect) => !done.includes(effect));
    await this.persist();
  }

  /** The change, its row in the chain and what operators are told of it: all or none. */
  private async recordChange(db: Database, pending: PendingEffect): Promise<void> {
    const { told, ...effect } = pending;
    const env = this.bindings;
    const at = new Date(effect.at);
    await db.transaction(async (tx) => {
      await recordRoute(tx, chainOf(env, now(env)), { ...effect, at });
      if (!told) await notify(tx, env, { kind: 'route_changed', ...effect, at });
    });
  }
}

const capital = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1);
