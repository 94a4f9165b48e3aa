// What a replay says to the product over HTTP: questions of a key's users, their thumbs, and the local clock.
// A request that is not answered as it should be ends the replay.

import { z } from 'zod';
import type { ReplayStack } from './stack.ts';

const WITHIN_MS = 60_000;
const keySchema = z.looseObject({ key: z.string() });
const answerHeaders = z.object({ id: z.string(), token: z.string() });

export const PREFIX = 'replay';

export interface Told {
  interactionId: string;
  feedbackToken: string;
}

export class ReplayClient {
  private readonly stack: Pick<ReplayStack, 'url' | 'operatorToken'>;
  private key = '';

  constructor(stack: Pick<ReplayStack, 'url' | 'operatorToken'>) {
    this.stack = stack;
  }

  /** Makes the key whose users the visitors are. */
  async open(): Promise<void> {
    const body = { name: 'a replay', prefix: PREFIX, scopes: ['chat'] };
    this.key = keySchema.parse(await this.administer('/admin/keys', body)).key;
  }

  /** Asks `question` as `user`, `atMs` after the quarter began. One that breaks off is told by its stream. */
  async ask(
    question: string,
    { user, atMs, breaks }: { user: string; atMs: number; breaks: boolean },
  ): Promise<Told> {
    const response = await this.post('/v1/chat/completions', {
      token: this.key,
      atMs,
      body: {
        model: 'agent-bruno',
        user,
        messages: [{ role: 'user', content: question }],
        stream: breaks,
      },
    });
    const text = await response.text();
    if (breaks !== text.includes('"error"')) {
      throw new Error(`"${question}" ${breaks ? 'did not break off' : 'broke off'}: ${text}`);
    }
    const { id, token } = answerHeaders.parse({
      id: response.headers.get('x-interaction-id'),
      token: response.headers.get('x-feedback-token'),
    });
    return { interactionId: id, feedbackToken: token };
  }

  async vote({ interactionId, feedbackToken }: Told, up: boolean, atMs: number): Promise<void> {
    const response = await this.post('/api/feedback', {
      token: null,
      atMs,
      body: {
        interaction_id: interactionId,
        feedback_token: feedbackToken,
        feedback_type: up ? 'thumbs_up' : 'thumbs_down',
      },
    });
    await response.body?.cancel();
  }

  /** Everything said before is recorded, then what is due until `toMs` happens: looks among it. */
  async moveClock(toMs: number): Promise<void> {
    await this.administer('/local/clock', { to: new Date(toMs).toISOString() });
  }

  async command(experimentId: string, action: 'stop'): Promise<void> {
    const body = { action, reason: 'the replay is over' };
    await this.administer(`/admin/experiments/${experimentId}/commands`, body);
  }

  private async administer(path: string, body: object): Promise<unknown> {
    const token = this.stack.operatorToken;
    return (await this.post(path, { token, atMs: 0, body })).json();
  }

  private async post(
    path: string,
    { token, atMs, body }: { token: string | null; atMs: number; body: object },
  ): Promise<Response> {
    const response = await fetch(`${this.stack.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-replay-ms': String(atMs),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (response.ok) return response;
    throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  }
}
