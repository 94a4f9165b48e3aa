/**
 * The agent's settings, read once from the environment by main.ts.
 * Everything else receives values as arguments: no other file reads process.env for a setting.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { AgentError } from './errors.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const whole = (low: number, high: number) => z.coerce.number().int().min(low).max(high);
const secret = z.string().min(16, 'needs at least 16 characters');
const absolute = z.string().startsWith('/', 'needs an absolute path');
const flag = z.enum(['0', '1']).transform((value) => value === '1');
const baseName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'needs a base name like tiny-sre');

const schema = z.strictObject({
  BRUNO_HOME: absolute,
  EDGE_URL: z.url({ protocol: /^https?$/ }),
  AGENT_TOKEN: secret,
  GATEWAY_TOKEN: secret,
  GATEWAY_PORT: port,
  AGENT_ID: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'needs letters, digits, dots or dashes'),
  PYTHON: absolute,
  BASE_MODEL: z
    .string()
    .transform((names) => names.split(',').map((name) => name.trim()))
    .pipe(z.array(baseName).min(1)),
  OLLAMA_HOST: z.string().min(1).optional(),
  OLLAMA_NUM_THREAD: whole(1, 256).optional(),
  POLL_MS: whole(50, 600_000).default(2000),
  LD_PRELOAD_BLAS: absolute.optional(),
  SERVER_THREADS: whole(1, 256).default(1),
  SERVER_SLOTS: whole(1, 64).default(4),
  CONTEXT_TOKENS: whole(128, 1_048_576).default(2048),
  QUEUE_RUNNING: whole(1, 64).default(4),
  QUEUE_WAITING: whole(0, 1024).default(16),
  SERVE_ONLY: flag.default(false),
  EXIT_WITH_PARENT: flag.default(false),
  GIT_COMMIT: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .optional(),
});

export type AgentConfig = z.output<typeof schema>;

/** Parses the environment; on trouble says every wrong setting at once, and never its value. */
export const parseConfig = (environment: NodeJS.ProcessEnv): AgentConfig => {
  const known: Record<string, string> = {};
  for (const key of Object.keys(schema.shape)) {
    const value = environment[key];
    // An empty variable is how shells and launchd write "not set".
    if (value !== undefined && value !== '') known[key] = value;
  }
  const parsed = schema.safeParse(known);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new AgentError(
    'bad_config',
    `The agent cannot start, these environment variables are missing or wrong:\n${lines.join('\n')}`,
  );
};

/** Where things lie under BRUNO_HOME; docs/operator.md lists its folders. */
export const homePaths = (home: string) => ({
  bases: join(home, 'models', 'bases'),
  baseDir: (name: string) => join(home, 'models', 'bases', name),
  baseGguf: (name: string) => join(home, 'models', 'bases', name, 'base-f16.gguf'),
  embeddingGguf: join(home, 'models', 'embedding', 'all-minilm-l6-v2-f16.gguf'),
  models: join(home, 'agent', 'models'),
  jobs: join(home, 'agent', 'jobs'),
  trainerPid: join(home, 'agent', 'trainer.pid'),
});

export type HomePaths = ReturnType<typeof homePaths>;
