// One object for each chat session: its last ten messages, for one hour after the last of them.
// Text arrives in POST bodies, never in itty-durable's call header. It belongs to one visitor. The
// hour is the Worker's, so that a moved local clock ends it; the alarm frees the storage.

import { createDurable } from 'itty-durable/itty-durable';
import { error, json } from 'itty-router';
import { z } from 'zod';
import { type Env, now } from '../env.ts';

const MAX_MESSAGES = 10;
const LIFE_MS = 3_600_000;

const messageSchema = z.strictObject({ role: z.enum(['user', 'assistant']), content: z.string() });
export const historySchema = z.strictObject({ messages: z.array(messageSchema) });
export type SessionMessage = z.infer<typeof messageSchema>;

const readSchema = z.strictObject({ visitor_id: z.string() });
const appendSchema = z.strictObject({
  visitor_id: z.string(),
  /** When the visitor asked; an answer that was asked for before an erasure is not remembered. */
  asked_at: z.int(),
  messages: z.array(messageSchema).max(2),
});

interface RouterLike {
  post(path: string, handler: (request: Request) => Promise<Response>): unknown;
}

export class SessionObject extends createDurable({ autoPersist: false }) {
  visitorId = '';
  messages: SessionMessage[] = [];
  expiresAtMs = 0;
  erasedAtMs = 0;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    Reflect.set(this.state, 'raw', env);
    this.router().post('/history', (request) => this.history(request));
    this.router().post('/append', (request) => this.append(request));
    this.router().post('/erase', (request) => this.erase(request));
  }

  private router(): RouterLike {
    return Reflect.get(this.state, 'router');
  }

  private async history(request: Request): Promise<Response> {
    const { visitor_id } = readSchema.parse(await request.json());
    if (!this.belongsTo(visitor_id)) return error(403, 'The session belongs to another visitor.');
    return json({ messages: this.alive() ? this.messages : [] });
  }

  private alive(): boolean {
    return now(Reflect.get(this.state, 'raw')) < this.expiresAtMs;
  }

  private async append(request: Request): Promise<Response> {
    const { visitor_id, asked_at, messages } = appendSchema.parse(await request.json());
    if (!this.belongsTo(visitor_id)) return error(403, 'The session belongs to another visitor.');
    if (asked_at <= this.erasedAtMs) return json({ messages: [] });
    this.visitorId = visitor_id;
    const earlier = this.alive() ? this.messages : [];
    this.messages = [...earlier, ...messages].slice(-MAX_MESSAGES);
    this.expiresAtMs = now(Reflect.get(this.state, 'raw')) + LIFE_MS;
    await this.persist();
    await this.setAlarm(Date.now() + LIFE_MS);
    return json({ messages: this.messages });
  }

  /** Forgets the conversation at once; only whose it was stays for the hour, for answers under way. */
  private async erase(request: Request): Promise<Response> {
    const { visitor_id } = readSchema.parse(await request.json());
    if (!this.belongsTo(visitor_id)) return error(403, 'The session belongs to another visitor.');
    this.visitorId = visitor_id;
    this.messages = [];
    this.expiresAtMs = 0;
    this.erasedAtMs = now(Reflect.get(this.state, 'raw'));
    await this.persist();
    await this.setAlarm(Date.now() + LIFE_MS);
    return json({ messages: [] });
  }

  private belongsTo(visitorId: string): boolean {
    return this.visitorId === '' || this.visitorId === visitorId;
  }

  /** Not by destroy's own reset: that needs what a fetch has noted, and an alarm may be the first to wake. */
  async alarm(): Promise<void> {
    await this.destroy();
    this.visitorId = '';
    this.messages = [];
    this.expiresAtMs = 0;
    this.erasedAtMs = 0;
  }
}
