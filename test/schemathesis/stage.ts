// What the generated requests meet: the production bundle with its database and object store, a visitor
// with an answer, a week's dataset with a job under lease, a registered model, a correction to review.

import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { keepDeadLetters } from '../../adapters/postgres/dead-letters.ts';
import { insertModel } from '../../adapters/postgres/models.ts';
import { heartbeatAnswerSchema, offerAnswerSchema } from '../../core/wire/agent-answers.ts';
import {
  erasureRecordAnswerSchema,
  keyMadeAnswerSchema,
} from '../../core/wire/oversight-answers.ts';
import { routeAnswerSchema } from '../../core/wire/route-answers.ts';
import { settingsMadeSchema } from '../../core/wire/settings.ts';
import { MODEL, startEdge } from '../edge.ts';

const METRICS_TOKEN = 'metrics-for-tests-only-0123456789';
const WEEKS = ['2026-w38', '2026-w39', '2026-w40'];
const AGENT = 'agent-1';
const LETTERS = [crypto.randomUUID(), crypto.randomUUID()];

export interface FuzzStage {
  url: string;
  assetsHome: string;
  /** For the configuration's ${NAMES}. */
  credentials: Readonly<Record<string, string>>;
  /** Words that the stack knows, by the dictionary that holds them. */
  known: Readonly<Record<string, readonly (string | number)[]>>;
  stop(): Promise<void>;
}

const sessionSchema = z.object({ id: z.string(), visitor_token: z.string() });
const answerSchema = z.object({ interaction_id: z.string(), feedback_token: z.string() });
const eventSchema = z.object({ event_id: z.string() });
const jobSchema = z.object({ id: z.string() });

export async function startFuzzStage(): Promise<FuzzStage> {
  const edge = await startEdge({ bucket: true, bindings: { METRICS_TOKEN } });
  const post = async <Schema extends z.ZodType>(
    path: string,
    body: object,
    schema: Schema,
    token?: string,
  ): Promise<z.infer<Schema>> => {
    const response = await fetch(`${edge.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return schema.parse(await response.json());
  };
  try {
    const { adminToken, agentToken } = edge.secrets;
    await withDatabase(edge.database, async (db) => {
      for (const [index, id] of WEEKS.entries()) {
        const windowStart = new Date(Date.UTC(2026, 8, 13 + 7 * index, 2));
        const windowEnd = new Date(windowStart.getTime() + 7 * 86_400_000);
        await openDataset(db, { id, windowStart, windowEnd, createdAt: windowEnd });
        await closeDataset(db, id, [], [], {
          status: 'ready',
          counts: { interactions: 4, qualified: 3 },
          files: [],
          manifestSha256: 'a'.repeat(64),
        });
      }
      await insertModel(db, {
        id: '2026-w38.1',
        display: 'week 38',
        base: 'tiny-sre',
        parent: 'tiny-sre',
        datasetId: '2026-w38',
        jobId: null,
        status: 'registered',
        reason: 'for a test',
        metrics: {},
        artifacts: [],
        gitCommit: null,
        createdAt: new Date(),
      });
      const unreadable = { reason: 'unreadable', body: '{}', kind: null, interactionId: null };
      const letters = LETTERS.map((id) => ({
        ...unreadable,
        id,
        visitorId: null,
        messageId: crypto.randomUUID(),
      }));
      await keepDeadLetters(db, letters, new Date());
    });
    const job = await post('/admin/jobs', { dataset_id: '2026-w39' }, jobSchema, adminToken);
    const claim = { agent_id: AGENT, bases: ['tiny-sre'] };
    await post('/agent/jobs/claim', claim, offerAnswerSchema, agentToken);
    const beat = { agent_id: AGENT, attempt: 1, progress: null };
    await post(`/agent/jobs/${job.id}/heartbeat`, beat, heartbeatAnswerSchema, agentToken);
    const waiting = await post('/admin/jobs', { dataset_id: '2026-w40' }, jobSchema, adminToken);
    const { id: sessionId, visitor_token } = await post('/api/chat/session', {}, sessionSchema);
    const asked = { session_id: sessionId, visitor_token, message: 'How do I restart Loki?' };
    const about = await post('/api/chat', asked, answerSchema);
    const correction = {
      ...about,
      feedback_type: 'correction',
      corrected_response: 'kubectl rollout restart statefulset/loki',
    };
    const { event_id } = await post('/api/feedback', correction, eventSchema);
    const keyOf = (name: string, scopes: readonly string[]) =>
      post('/admin/keys', { name, scopes }, keyMadeAnswerSchema, adminToken);
    const key = await keyOf('homepage', ['chat', 'identify']);
    const spare = await keyOf('to be revoked', ['chat']);
    const gone = { visitor_id: 'somebody', reason: 'for a test' };
    const erased = await post('/admin/erasures', gone, erasureRecordAnswerSchema, adminToken);
    const short = { name: 'short', max_tokens: 60, reason: 'for a test' };
    const settings = await post('/admin/settings', short, settingsMadeSchema, adminToken);
    const starts = { action: 'start', model_id: '2026-w38.1' };
    const { table } = await post('/admin/route', starts, routeAnswerSchema, adminToken);
    await post('/admin/route', { action: 'rollback' }, routeAnswerSchema, adminToken);
    return {
      url: edge.url,
      assetsHome: edge.assets.assetsHome,
      credentials: {
        VISITOR_TOKEN: visitor_token,
        OPERATOR_TOKEN: adminToken,
        AGENT_TOKEN: agentToken,
        METRICS_TOKEN,
        API_KEY: key.key,
      },
      known: {
        visitor_token: [visitor_token],
        session_id: [sessionId],
        feedback_token: [about.feedback_token],
        interaction_id: [about.interaction_id],
        assistant: [MODEL],
        model: ['2026-w38.1', 'tiny-sre'],
        dataset: WEEKS,
        agent: [AGENT],
        review: [event_id],
        job: [job.id, waiting.id],
        attempt: [1],
        key: [spare.id],
        letter: LETTERS,
        erasure: [erased.id],
        experiment: table.experiments.map(({ id }) => id),
        settings: [settings.id],
        history: ['1', '2'],
        time: [new Date().toISOString()],
        visitor: ['somebody', 'somebody-else'],
        id: [job.id, waiting.id, event_id, about.interaction_id, '2026-w38.1', ...WEEKS],
      },
      stop: () => edge.stop(),
    };
  } catch (error) {
    await edge.stop();
    throw error;
  }
}
