// The whole product for one file of browser tests: a stack in a home of its own, the operator's API
// and a visitor who talks to it without a page. Used by the browser tests only.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { defaultAssetsHome, homePaths, repoRoot } from '../../local/home.ts';
import { withConnection } from '../../local/migrate.ts';
import { SMALL_BASE } from '../../local/models.ts';
import { freePort } from '../../local/ports.ts';
import { DATABASE_USER } from '../../local/postgres-cluster.ts';
import { loadSecrets } from '../../local/secrets.ts';
import { startStack } from '../../local/stack.ts';

const portsSchema = z.object({ ports: z.object({ proxy: z.number(), postgres: z.number() }) });

const RECORDED_WITHIN_MS = 20_000;

const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });
const answerSchema = z.object({ interaction_id: z.string(), feedback_token: z.string() });
const eventSchema = z.object({
  feedback_type: z.string(),
  feedback_value: z.number().nullable(),
  corrected_response: z.string().nullable(),
  correction_type: z.string().nullable(),
  metadata: z.unknown(),
});
const lineageSchema = z.object({
  answer: z.object({ model_served: z.string() }).nullable(),
  feedback: z.array(eventSchema),
});
export type FeedbackRow = z.infer<typeof eventSchema>;

export interface Stage {
  url: string;
  operatorToken: string;
  admin<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>>;
  /** Waits until the record holds feedback of this type on the answer, and returns all of it. */
  recorded(interactionId: string, type: string): Promise<FeedbackRow[]>;
  /** Whether the record holds an answer of that id. */
  isKnown(interactionId: string): Promise<boolean>;
  /** Asks over the API and corrects the answer; returns the answer's id. */
  askAndCorrect(question: string, correction: string): Promise<string>;
  /** What an administrator of the database does by hand. */
  database(statement: string): Promise<void>;
  stop(): Promise<void>;
}

/** `allowedOrigins` are pages elsewhere that may embed the chat. */
export async function setStage(allowedOrigins: readonly string[] = []): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), 'bruno-browser-'));
  // Run as root, Postgres is another user that must pass through.
  chmodSync(home, 0o755);
  const stack = await startStack({
    home,
    assetsHome: defaultAssetsHome(process.env),
    port: await freePort(),
    base: SMALL_BASE,
    learningOverridesFile: join(repoRoot, 'learning.local.yaml'),
    // Long enough to be seen growing and to be stopped, on a slow machine too.
    maxAnswerTokens: 96,
    environment: { ALLOWED_ORIGINS: allowedOrigins.join(',') },
  });
  const { url, operatorToken } = stack;

  const send = async (path: string, init: RequestInit): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      signal: AbortSignal.timeout(120_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const post = (path: string, body: unknown) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(body),
    });
  const admin: Stage['admin'] = async (path, schema) =>
    schema.parse(await send(path, { headers: { authorization: `Bearer ${operatorToken}` } }));

  return {
    url,
    operatorToken,
    admin,
    recorded: async (interactionId, type) => {
      let rows: FeedbackRow[] = [];
      const read = async () => {
        const { feedback } = await admin(`/admin/lineage/${interactionId}`, lineageSchema);
        rows = feedback.filter(({ feedback_type }) => feedback_type === type);
        return rows.length;
      };
      const patience = { timeout: RECORDED_WITHIN_MS, interval: 100 };
      await expect.poll(read, patience).toBeGreaterThan(0);
      return rows;
    },
    isKnown: async (interactionId) => {
      const headers = { authorization: `Bearer ${operatorToken}` };
      const found = await fetch(`${url}/admin/lineage/${interactionId}`, { headers });
      if (found.ok || found.status === 404) return found.ok;
      throw new Error(`lineage answered ${found.status}`);
    },
    askAndCorrect: async (question, correction) => {
      const session = sessionSchema.parse(await post('/api/chat/session', {}));
      const asked = { session_id: session.id, visitor_token: session.visitor_token };
      const answer = answerSchema.parse(await post('/api/chat', { ...asked, message: question }));
      await post('/api/feedback', {
        ...answer,
        feedback_type: 'correction',
        corrected_response: correction,
        correction_type: 'factual_error',
      });
      return answer.interaction_id;
    },
    database: async (statement) => {
      const paths = homePaths(home);
      const { ports } = portsSchema.parse(JSON.parse(readFileSync(paths.ports, 'utf8')));
      const { databasePassword: password } = loadSecrets(paths);
      const target = `postgres://${DATABASE_USER}:${password}@127.0.0.1:${ports.postgres}/bruno`;
      await withConnection(target, `127.0.0.1:${ports.proxy}`, (client) => client.query(statement));
    },
    stop: async () => {
      await stack.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
