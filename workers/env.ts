// What the Worker is given, parsed once for each isolate, and the clock. `now()` is the one place
// where the Worker reads time; everything below takes it as an argument.

import { z } from 'zod';
import type { ModelServerConfig } from '../adapters/model-server/index.ts';
import { ACCESS_AUD, ACCESS_TEAM } from '../core/deployment.ts';
import { AppError } from '../core/errors.ts';
import { type LearningConfig, parseLearning } from '../core/learning-config.ts';
import type { Window } from '../core/window.ts';
import learningYaml from '../learning.yaml';

const keyRing = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .strictObject({ current: z.string(), keys: z.record(z.string(), z.base64url().length(43)) })
      .refine((ring) => ring.current in ring.keys, 'current must name one of the keys'),
  );
export type KeyRing = z.infer<typeof keyRing>;

const secret = z.string().min(24, 'expected at least 24 characters');

const unsetOr = (schema: z.ZodString) =>
  z.union([z.literal('').transform(() => undefined), schema]).optional();

const settingsSchema = z.object({
  ENVIRONMENT: z.enum(['local', 'staging', 'production']),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  DATABASE_PROXY: z.string().optional(),
  S3_ENDPOINT: z.url(),
  S3_BUCKET: z.string().min(1),
  S3_REGION: z.string().min(1),
  S3_ACCESS_KEY_ID: z.string().min(1),
  S3_SECRET_ACCESS_KEY: z.string().min(1),
  MODEL_SERVER_URL: z.url(),
  BASE_MODEL: z.string().min(1),
  MODEL_NAME: z.string().min(1),
  GATEWAY_TOKEN: secret,
  /** Where Cloudflare Access stands before the tunnel: a service token that its policy lets in. */
  GATEWAY_ACCESS_CLIENT_ID: z.string().min(1).optional(),
  GATEWAY_ACCESS_CLIENT_SECRET: z.string().min(1).optional(),
  AGENT_TOKEN: secret,
  ADMIN_TOKEN: secret.optional(),
  /** Lets a scraper read /metrics and nothing else. */
  METRICS_TOKEN: secret.optional(),
  /** Cloudflare Access, through which operators come to a deployed Worker; empty is not set. */
  ACCESS_TEAM_DOMAIN: unsetOr(z.string().regex(ACCESS_TEAM, 'expected TEAM.cloudflareaccess.com')),
  ACCESS_AUD: unsetOr(z.string().regex(ACCESS_AUD, 'expected the 64 hex digits of the AUD tag')),
  TOKEN_KEYS: keyRing,
  ALLOWED_ORIGINS: z.string().default(''),
  LEARNING_OVERRIDES: z.string().default(''),
  MAX_ANSWER_TOKENS: z.coerce.number().int().min(1).max(4096).default(512),
  CONTEXT_TOKENS: z.coerce.number().int().min(128).max(1_048_576).default(2048),
  /** Read by functions/notify/channels.ts: a bad one turns its channel off and nothing else. */
  SLACK_WEBHOOK_URL: z.string().optional(),
  PAGERDUTY_ROUTING_KEY: z.string().optional(),
  PAGERDUTY_EVENTS_URL: z.string().optional(),
  PUBLIC_URL: z.string().optional(),
  AGENT_SILENT_MINUTES: z.string().optional(),
  CLOCK_OFFSET_MS: z.coerce.number().int().default(0),
});
export type Settings = z.infer<typeof settingsSchema>;

export interface Bindings {
  ROUTING_KV: KVNamespace;
  EVENTS: Queue;
  DEAD_LETTERS: Queue;
  ROUTING: DurableObjectNamespace;
  SESSIONS: DurableObjectNamespace;
  KEYS: DurableObjectNamespace;
  EXPERIMENTS: DurableObjectNamespace;
  CURATION: Workflow<{ week: string; windowStart: number; windowEnd: number }>;
  /** By API key; chat by visitor; feedback and signals by visitor; both by network; new identities by network. */
  KEY_LIMIT: RateLimit;
  CHAT_LIMIT: RateLimit;
  FEEDBACK_LIMIT: RateLimit;
  NETWORK_LIMIT: RateLimit;
  IDENTITY_LIMIT: RateLimit;
  ASSETS: Fetcher;
}

/** The raw environment: bindings, and settings that are still strings. */
export type Env = Bindings & { [Key in keyof Settings]?: string };

interface Parsed {
  settings: Settings;
  learning: LearningConfig;
}

let parsed: Parsed | undefined;
let clockOffsetMs: number | undefined;

function parseEnvironment(env: Env): Parsed {
  const result = settingsSchema.safeParse(env);
  if (!result.success) {
    const keys = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new AppError('dependency_unavailable', 'The service is not configured.', {
      internalMessage: `settings: ${keys.join('; ')}`,
    });
  }
  const settings = result.data;
  if (settings.ENVIRONMENT !== 'local' && settings.ADMIN_TOKEN !== undefined) {
    throw new AppError('dependency_unavailable', 'The service is not configured.', {
      internalMessage: 'settings: ADMIN_TOKEN is for the local environment only',
    });
  }
  const { GATEWAY_ACCESS_CLIENT_ID: id, GATEWAY_ACCESS_CLIENT_SECRET: half } = settings;
  if ((id === undefined) !== (half === undefined)) {
    throw new AppError('dependency_unavailable', 'The service is not configured.', {
      internalMessage:
        'settings: GATEWAY_ACCESS_CLIENT_ID and GATEWAY_ACCESS_CLIENT_SECRET go together, one is missing',
    });
  }
  return { settings, learning: parseLearning(learningYaml, settings.LEARNING_OVERRIDES).config };
}

/** Throws AppError dependency_unavailable that names (in the log) each setting at fault. */
export function settingsOf(env: Env): Settings {
  parsed ??= parseEnvironment(env);
  return parsed.settings;
}

export function learningOf(env: Env): LearningConfig {
  parsed ??= parseEnvironment(env);
  return parsed.learning;
}

export function databaseOf(env: Env): { url: string; proxy?: string | undefined } {
  const settings = settingsOf(env);
  return { url: settings.DATABASE_URL, proxy: settings.DATABASE_PROXY };
}

/** What a prompt and its answer have room in. */
export function windowOf(env: Env): Window {
  const { CONTEXT_TOKENS, MAX_ANSWER_TOKENS } = settingsOf(env);
  return { windowTokens: CONTEXT_TOKENS, answerTokens: MAX_ANSWER_TOKENS };
}

/** The agent's gateway, and what lets us in there. */
export function gatewayOf(env: Env): ModelServerConfig {
  const settings = settingsOf(env);
  const { GATEWAY_ACCESS_CLIENT_ID: clientId, GATEWAY_ACCESS_CLIENT_SECRET: clientSecret } =
    settings;
  return {
    url: settings.MODEL_SERVER_URL,
    token: settings.GATEWAY_TOKEN,
    ...(clientId === undefined || clientSecret === undefined
      ? {}
      : { access: { clientId, clientSecret } }),
  };
}

/** Milliseconds since the epoch; moved only by the local clock endpoint. */
export function now(env: Env): number {
  return Date.now() + clockOffset(env);
}

export function clockOffset(env: Env): number {
  clockOffsetMs ??= settingsOf(env).ENVIRONMENT === 'local' ? settingsOf(env).CLOCK_OFFSET_MS : 0;
  return clockOffsetMs;
}

/** Local only: moves the clock of this isolate, which holds the Worker and its objects. */
export function moveClock(env: Env, toMs: number): void {
  if (settingsOf(env).ENVIRONMENT !== 'local') {
    throw new AppError('not_found', 'There is no such endpoint.');
  }
  clockOffsetMs = toMs - Date.now();
}

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
