// The keys object: the one place where the list of API keys changes, and where isolates read it under
// their lease. A key is in the record before it opens anything. A revocation is the other way round:
// it holds here at once, saved with what is still to be written, and an alarm repeats what failed.
// No secret ever comes here, only its hash.

import { createDurable } from 'itty-durable/itty-durable';
import { error, json } from 'itty-router';
import { z } from 'zod';
import { writeKeys } from '../../adapters/api-keys/index.ts';
import {
  type ApiKeyRow,
  insertApiKey,
  listApiKeys,
  revokeApiKey,
} from '../../adapters/postgres/api-keys.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { type HeldKey, type KeyList, keyList, keyListSchema } from '../../core/api-keys.ts';
import { databaseOf, type Env } from '../../workers/env.ts';
import { report } from '../../workers/report.ts';

const RETRY_MS = 5_000;

const readSchema = z.strictObject({ held_version: z.int().nullable() });
/** Null: what the reader holds is the newest. */
export const keysReadSchema = z.strictObject({ list: keyListSchema.nullable() });

const createSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  /** False: the prefix was made from the name, and must not meet another key's users by chance. */
  prefix_chosen: z.boolean(),
  secret_sha256: z.string(),
  scopes: z.array(z.string()),
  created_at: z.int(),
  created_by: z.string(),
  expires_at: z.int().nullable(),
  request_id: z.string(),
});
export type KeyCreation = z.infer<typeof createSchema>;
/** Why none was made, or null. */
export const keyCreatedSchema = z.strictObject({
  refused: z.enum(['request_repeated', 'prefix_taken']).nullable(),
});

const revokeSchema = z.strictObject({
  id: z.string(),
  at: z.int(),
  by: z.string(),
  reason: z.string(),
});
export type KeyRevocation = z.infer<typeof revokeSchema>;
export const keyRevokedSchema = z.strictObject({
  outcome: z.enum(['revoked', 'was_revoked', 'unknown']),
  /** Whether the record has it yet; if not, it will. */
  recorded: z.boolean(),
});

interface RouterLike {
  post(path: string, handler: (request: Request) => Promise<Response>): unknown;
}

export class KeysObject extends createDurable({ autoPersist: false }) {
  keys: Record<string, HeldKey> | null = null;
  /** Revocations that the record may not have yet. */
  pending: KeyRevocation[] = [];
  copyDue = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    Reflect.set(this.state, 'raw', env);
    const router: RouterLike = Reflect.get(this.state, 'router');
    router.post('/read', (request) => this.read(request));
    router.post('/create', (request) => this.create(request));
    router.post('/revoke', (request) => this.revoke(request));
    router.post('/rebuild', () => this.rebuild());
  }

  private get bindings(): Env {
    return Reflect.get(this.state, 'raw');
  }

  /** From storage; on first use from the record, so that losing the object loses nothing. */
  private async load(): Promise<void> {
    if (this.keys !== null) return;
    const rows = await withDatabase(databaseOf(this.bindings), listApiKeys);
    // Another request may have loaded, and even changed, the list in the meantime.
    if (this.keys !== null) return;
    this.keys = Object.fromEntries(rows.map((row) => [row.id, heldKey(row)]));
    await this.persist();
  }

  private get list(): KeyList {
    return keyListSchema.parse(keyList(this.keys ?? {}));
  }

  private async read(request: Request): Promise<Response> {
    const { held_version } = readSchema.parse(await request.json());
    await this.load();
    const { list } = this;
    return json({ list: list.version === held_version ? null : list });
  }

  private async create(request: Request): Promise<Response> {
    const wanted = createSchema.parse(await request.json());
    await this.load();
    const taken = Object.values(this.keys ?? {}).some(({ prefix }) => prefix === wanted.prefix);
    const made = await withDatabase(databaseOf(this.bindings), async (db) => {
      if (taken && !wanted.prefix_chosen) return 'prefix_taken';
      const isNew = await insertApiKey(db, rowOf(wanted));
      return isNew ? null : 'request_repeated';
    });
    if (made !== null) return json({ refused: made });
    this.keys = { ...this.keys, [wanted.id]: heldKey({ ...rowOf(wanted), revokedAt: null }) };
    await this.changed();
    return json({ refused: null });
  }

  private async revoke(request: Request): Promise<Response> {
    const revocation = revokeSchema.parse(await request.json());
    await this.load();
    const key = this.keys?.[revocation.id];
    if (key === undefined) return json({ outcome: 'unknown', recorded: true });
    if (key.revoked_at !== null) {
      return json({ outcome: 'was_revoked', recorded: this.isRecorded(revocation.id) });
    }
    this.keys = { ...this.keys, [revocation.id]: { ...key, revoked_at: revocation.at } };
    this.pending = [...this.pending, revocation];
    await this.changed();
    return json({ outcome: 'revoked', recorded: this.isRecorded(revocation.id) });
  }

  private isRecorded(id: string): boolean {
    return this.pending.every((one) => one.id !== id);
  }

  /** Forgets what the object holds and reads the record again. */
  private async rebuild(): Promise<Response> {
    await this.performPending();
    if (this.pending.length > 0) return error(409, 'Changes are still being written. Try again.');
    this.keys = null;
    await this.load();
    await this.changed();
    return json({ list: this.list });
  }

  async alarm(): Promise<void> {
    await this.loadFromStorage();
    await this.performPending();
    if (this.copyDue || this.pending.length > 0) await this.setAlarm(Date.now() + RETRY_MS);
  }

  /** Saves the change before any of its effects is tried. */
  private async changed(): Promise<void> {
    this.copyDue = true;
    await this.persist();
    await this.setAlarm(Date.now() + RETRY_MS);
    await this.performPending();
  }

  /** The copy and the record, each by itself: neither waits for the other to be well. Never throws. */
  private async performPending(): Promise<void> {
    const due = this.pending;
    const { list } = this;
    await Promise.all([
      attempt('keys_copy_pending', this.copyDue && this.keys !== null, async () => {
        await writeKeys(this.bindings.ROUTING_KV, list);
        // What changed meanwhile is copied by whoever changed it, or by the alarm.
        if (this.list.version === list.version) this.copyDue = false;
      }),
      attempt('keys_record_pending', due.length > 0, async () => {
        await withDatabase(databaseOf(this.bindings), async (db) => {
          for (const one of due) await revokeApiKey(db, { ...one, at: new Date(one.at) });
        });
        const written = new Set(due.map(({ id }) => id));
        this.pending = this.pending.filter(({ id }) => !written.has(id));
      }),
    ]);
    await this.persist();
  }
}

async function attempt(code: string, due: boolean, work: () => Promise<void>): Promise<void> {
  if (!due) return;
  try {
    await work();
  } catch (cause) {
    report(code, cause);
  }
}

const rowOf = (wanted: KeyCreation) => ({
  id: wanted.id,
  name: wanted.name,
  prefix: wanted.prefix,
  secretSha256: wanted.secret_sha256,
  scopes: wanted.scopes,
  createdAt: new Date(wanted.created_at),
  createdBy: wanted.created_by,
  expiresAt: wanted.expires_at === null ? null : new Date(wanted.expires_at),
  requestId: wanted.request_id,
});

type HeldOf = Pick<ApiKeyRow, 'prefix' | 'secretSha256' | 'scopes' | 'expiresAt' | 'revokedAt'>;

const heldKey = (row: HeldOf): HeldKey => ({
  prefix: row.prefix,
  hash: row.secretSha256,
  scopes: row.scopes,
  expires_at: row.expiresAt?.getTime() ?? null,
  revoked_at: row.revokedAt?.getTime() ?? null,
});
