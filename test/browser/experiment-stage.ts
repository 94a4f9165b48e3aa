// An experiment for the browser: the production bundle with a small policy, models to try, and visitors who
// ask and vote over HTTP until it waits for an approval. Used by experiments.test.ts only.
import { z } from 'zod';
import { experimentAnswerSchema } from '../../core/wire/experiments.ts';
import { withConnection } from '../../local/migrate.ts';
import { type Edge, startEdge } from '../edge.ts';

export const HOUR_MS = 3_600_000;
export const CANDIDATE = '2034-w10.1';
const ANOTHER = '2034-w10.2';
export const PRODUCTION = 'tiny-sre';

/** As small as a test's visitors; with no past traffic the plan begins at the smallest share allowed. */
const OVERRIDES = `learning:
  ab_testing:
    initial_traffic_split: 0.5
    rollout_stages: [0.5, 0.6, 0.75, 1]
    min_sample_size: 50
    min_identity_age_seconds: 0`;

const visitorSchema = z.object({ id: z.string(), visitor_token: z.string() });
const answeredSchema = z.object({ interaction_id: z.string(), feedback_token: z.string() });
const routeSchema = z.object({
  table: z.object({ experiments: z.array(z.object({ id: z.string(), share_bp: z.number() })) }),
});

export interface ExperimentStage {
  url: string;
  token: string;
  /** So many new visitors ask once and vote, three of four for helpful. */
  visitors(count: number): Promise<void>;
  /** Moves the clock; whatever is due on the way happens. */
  later(ms: number): Promise<void>;
  shown(id: string): Promise<z.infer<typeof experimentAnswerSchema>>;
  /** In ten-thousandths; null while it is not on traffic. */
  shareOf(id: string): Promise<number | null>;
  stop(): Promise<void>;
}

export async function setExperimentStage(): Promise<ExperimentStage> {
  const edge = await startEdge({ bucket: false, bindings: { LEARNING_OVERRIDES: OVERRIDES } });
  try {
    for (const id of [CANDIDATE, ANOTHER]) await addModel(edge, id);
  } catch (error) {
    await edge.stop();
    throw error;
  }
  const { url } = edge;
  const token = edge.secrets.adminToken;
  const asOperator = { authorization: `Bearer ${token}` };
  const send = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url, ...headers },
      body: JSON.stringify(body),
    });
  const visit = async (index: number) => {
    const { id, visitor_token } = visitorSchema.parse(await post('/api/chat/session', {}));
    const asked = { session_id: id, visitor_token, message: 'How do I drain a node?' };
    const answered = answeredSchema.parse(await post('/api/chat', asked));
    const feedback_type = index % 4 === 0 ? 'thumbs_down' : 'thumbs_up';
    await post('/api/feedback', { ...answered, feedback_type });
  };
  return {
    url,
    token,
    visitors: async (count) => {
      const left = Array.from({ length: count }, (_, index) => index);
      const take = async () => {
        for (let index = left.pop(); index !== undefined; index = left.pop()) await visit(index);
      };
      await Promise.all([take(), take(), take(), take()]);
    },
    later: async (ms) => void (await post('/local/clock', { advance_ms: ms }, asOperator)),
    shown: async (id) =>
      experimentAnswerSchema.parse(await send(`/admin/experiments/${id}`, { headers: asOperator })),
    shareOf: async (id) => {
      const { table } = routeSchema.parse(await send('/admin/route', { headers: asOperator }));
      return table.experiments.find((one) => one.id === id)?.share_bp ?? null;
    },
    stop: () => edge.stop(),
  };
}

/** As its gate left it: better than production on held-out questions. */
const addModel = ({ database }: Edge, id: string) =>
  withConnection(database.url, database.proxy, (client) =>
    client.query(
      `INSERT INTO models (id, display, base, parent, status, reason, metrics, artifacts, created_at)
       VALUES ($1, $1, $2, $2, 'registered', 'accepted: improvement +0.400 nats on 40 held-out phrasings',
         '{"phrasings": {"lower": 0.2, "examples": 40}, "groups": {"lower": -0.1, "examples": 40}}', '[]', now())`,
      [id, PRODUCTION],
    ),
  );
