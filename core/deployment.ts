// What may not go live: the one place for these rules. `local/check-deploy.ts` refuses by them before a
// deployment is bundled, `bruno doctor --deploy` explains by them. Pure: configuration and secrets come in.

import { z } from 'zod';
import { CRON } from './calendar.ts';

export const REQUIRED_SECRETS = [
  'DATABASE_URL',
  'S3_ENDPOINT',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'MODEL_SERVER_URL',
  'GATEWAY_TOKEN',
  'AGENT_TOKEN',
  'METRICS_TOKEN',
  'TOKEN_KEYS',
] as const;

export const STEPS = ['kv', 'queues', 'crons', 'operators', 'vars', 'secrets required'] as const;
export type Step = (typeof STEPS)[number];

/** One thing that must not be deployed so, and what to do about it. No secret's value is in it. */
export interface Problem {
  step: string;
  found: string;
  todo: string;
}

/** The parts of an environment of wrangler.toml that the rules look at, as wrangler reads it. */
export const deployedSchema = z.object({
  vars: z.record(z.string(), z.unknown()).default({}),
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string().optional() })).default([]),
  queues: z
    .object({
      producers: z.array(z.object({ binding: z.string(), queue: z.string() })).default([]),
      consumers: z
        .array(z.object({ queue: z.string(), dead_letter_queue: z.string().optional() }))
        .default([]),
    })
    .default({ producers: [], consumers: [] }),
  triggers: z.object({ crons: z.array(z.string()).optional() }).default({}),
  secrets: z.object({ required: z.array(z.string()).optional() }).optional(),
});
export type Deployed = z.infer<typeof deployedSchema>;

/** What Cloudflare Access calls a team, and what tells one of its applications from another. */
export const ACCESS_TEAM = /^[a-z0-9-]+\.cloudflareaccess\.com$/;
export const ACCESS_AUD = /^[0-9a-f]{64}$/;
const PLACEHOLDER_ID = /^0{20}/;
const SECRET_NAMES: readonly string[] = [
  ...REQUIRED_SECRETS,
  'ADMIN_TOKEN',
  'GATEWAY_ACCESS_CLIENT_SECRET',
];

const kvIdOf = ({ kv_namespaces }: Deployed) =>
  kv_namespaces.find(({ binding }) => binding === 'ROUTING_KV')?.id ?? '';

/** What must be at Cloudflare before a deployment: its namespace and its queues, by the names it uses. */
export const standsOn = (config: Deployed): { kvId: string; queues: string[] } => ({
  kvId: kvIdOf(config),
  queues: config.queues.producers.map(({ queue }) => queue),
});

/** Somebody has begun to set this environment up; one that nobody touched may stay as it is shipped. */
export const isBegun = (config: Deployed): boolean => !PLACEHOLDER_ID.test(kvIdOf(config));

export function configurationProblems(config: Deployed): Problem[] {
  const text = (name: string): string => {
    const value = config.vars[name];
    return typeof value === 'string' ? value : '';
  };
  const problems: Problem[] = [];
  const add = (step: Step, found: string, todo: string) => problems.push({ step, found, todo });

  if (!/^[0-9a-f]{32}$/.test(kvIdOf(config)) || !isBegun(config)) {
    const todo =
      'npx wrangler kv namespace create ROUTING_KV --env …, and put its id into wrangler.toml';
    add('kv', `the id of ROUTING_KV is ${kvIdOf(config) || 'missing'}, a placeholder`, todo);
  }
  const queueOf = (binding: string) =>
    config.queues.producers.find((one) => one.binding === binding)?.queue;
  const [events, dead] = [queueOf('EVENTS'), queueOf('DEAD_LETTERS')];
  const consumer = config.queues.consumers.find(({ queue }) => queue === events);
  if (events === undefined || dead === undefined || events === dead) {
    const todo = 'name a queue of its own for each of EVENTS and DEAD_LETTERS in wrangler.toml';
    add('queues', `EVENTS is ${events ?? 'missing'}, DEAD_LETTERS ${dead ?? 'missing'}`, todo);
  } else if (consumer?.dead_letter_queue !== dead) {
    const found = `what fails in ${events} goes to ${consumer?.dead_letter_queue ?? 'nowhere'}`;
    add('queues', found, `make ${dead} the dead_letter_queue of the consumer of ${events}`);
  }
  const missing = Object.values(CRON).filter((cron) => !config.triggers.crons?.includes(cron));
  if (missing.length > 0) {
    add('crons', `not set: ${missing.join(', ')}`, 'put them back into [env.….triggers]');
  }
  const [team, audience] = [text('ACCESS_TEAM_DOMAIN'), text('ACCESS_AUD')];
  if (!ACCESS_TEAM.test(team) || !ACCESS_AUD.test(audience)) {
    const found =
      team === '' && audience === ''
        ? 'no Cloudflare Access: nobody could operate it'
        : `not usable: ${ACCESS_TEAM.test(team) ? 'ACCESS_AUD' : 'ACCESS_TEAM_DOMAIN'}`;
    const todo =
      'set ACCESS_TEAM_DOMAIN (TEAM.cloudflareaccess.com) and ACCESS_AUD (the AUD tag of the Access application)';
    add('operators', found, todo);
  } else if (!/^https:\/\/[^/]+\/?$/.test(text('PUBLIC_URL'))) {
    const found = `PUBLIC_URL is ${text('PUBLIC_URL') || 'empty'}: messages come without a link`;
    add('operators', found, 'set it to the address of the Worker, https://…, in [env.….vars]');
  }
  const open = SECRET_NAMES.filter((name) => name in config.vars);
  if (open.length > 0) {
    const todo = 'remove them from wrangler.toml; secrets go up with wrangler, ADMIN_TOKEN nowhere';
    add('vars', `anyone who reads the repository reads ${open.join(', ')}`, todo);
  } else if (text('S3_BUCKET') === '' || text('ENVIRONMENT') === '') {
    add('vars', 'S3_BUCKET or ENVIRONMENT is missing', 'set both in [env.….vars]');
  }
  const unrequired = REQUIRED_SECRETS.filter((name) => !config.secrets?.required?.includes(name));
  if (unrequired.length > 0) {
    const todo = 'list them in [env.….secrets] required, so that wrangler refuses to go without';
    add('secrets required', `not listed: ${unrequired.join(', ')}`, todo);
  }
  return problems;
}

export const secretsSchema = z.record(z.string(), z.string());
export type Secrets = z.infer<typeof secretsSchema>;

const keyRingSchema = z
  .string()
  .transform((text): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  })
  .pipe(
    z
      .strictObject({ current: z.string(), keys: z.record(z.string(), z.base64url().length(43)) })
      .refine(({ current, keys }) => current in keys)
      .refine(({ keys }) => Object.values(keys).every(isRandom)),
  );

/** A made-up word, a placeholder in capitals or one key pressed for long has too few different signs. */
const isRandom = (secret: string) =>
  new Set(secret).size >= 12 &&
  !/^[A-Z_]+$/.test(secret) &&
  !/change.?me|example|for.tests|default|your.(token|secret)/i.test(secret);

const AT_RANDOM = 'openssl rand -base64 32';
const ISSUED = 'make another one where it was issued';
const SHORTEST_PASSWORD = 12;
/** With the fewest signs of each. The ring of keys has its own rule. */
const HARD_TO_GUESS = [
  ['GATEWAY_TOKEN', 24, AT_RANDOM],
  ['AGENT_TOKEN', 24, AT_RANDOM],
  ['METRICS_TOKEN', 24, AT_RANDOM],
  ['S3_SECRET_ACCESS_KEY', 16, ISSUED],
  ['GATEWAY_ACCESS_CLIENT_SECRET', 24, ISSUED],
] as const;

/** What is given that opens or signs something; the other settings are addresses, names and numbers. */
const OPENERS = [
  'GATEWAY_TOKEN',
  'AGENT_TOKEN',
  'METRICS_TOKEN',
  'ADMIN_TOKEN',
  'S3_SECRET_ACCESS_KEY',
  'GATEWAY_ACCESS_CLIENT_SECRET',
  'SLACK_WEBHOOK_URL',
  'PAGERDUTY_ROUTING_KEY',
] as const;

/** Every secret with its name: also the keys of the ring, and the password in the database's address. */
function secretsOf(given: Secrets): [name: string, secret: string][] {
  const ring = keyRingSchema.safeParse(given.TOKEN_KEYS).data;
  const keys = Object.entries(ring?.keys ?? {});
  const all: [string, string][] = [
    ...OPENERS.map((name): [string, string] => [name, given[name] ?? '']),
    ['the password in DATABASE_URL', passwordOf(given)],
    ...keys.map(([id, key]): [string, string] => [`key ${id} of TOKEN_KEYS`, key]),
  ];
  return all.filter(([, secret]) => secret !== '');
}

function passwordOf({ DATABASE_URL: address = '' }: Secrets): string {
  return URL.canParse(address) ? unescaped(new URL(address).password) : '';
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const samePairs = (all: readonly (readonly [name: string, secret: string])[]) =>
  all.flatMap(([one, secret], at) =>
    all.slice(at + 1).flatMap(([other, its]) => (its === secret ? [[one, other] as const] : [])),
  );

const isLoopbackHost = (host: string) =>
  /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/.test(host);

/** `local` holds this machine's own secrets: none of them may be known to a deployment. */
export function secretProblems(given: Secrets, local: readonly string[] = []): Problem[] {
  const problems: Problem[] = [];
  const add = (found: string, todo: string) => problems.push({ step: 'secrets', found, todo });
  const missing = REQUIRED_SECRETS.filter((name) => !given[name]);
  if (missing.length > 0) add(`missing: ${missing.join(', ')}`, 'give each of them a value');
  if (given.ADMIN_TOKEN !== undefined) {
    const todo = 'leave it out: deployed operators use Cloudflare Access';
    add('ADMIN_TOKEN is for the local environment only', todo);
  }
  for (const [name, least, todo] of HARD_TO_GUESS) {
    const value = given[name];
    if (value && (value.length < least || !isRandom(value))) {
      add(`${name} is short, a default or easily guessed`, todo);
    }
  }
  const password = passwordOf(given);
  if (password !== '' && password.length < SHORTEST_PASSWORD) {
    add('the password in DATABASE_URL is short', 'give the role another one, made at random');
  }
  for (const [one, other] of samePairs(secretsOf(given))) {
    const todo = 'make another one for each: who holds the one must not hold the other';
    add(`${one} and ${other} are the same`, todo);
  }
  if (given.TOKEN_KEYS && !keyRingSchema.safeParse(given.TOKEN_KEYS).success) {
    const todo = 'expected {"current":"k1","keys":{"k1":32 random bytes as base64url}}';
    add('TOKEN_KEYS is not a ring of random keys', todo);
  }
  const known = Object.keys(given).filter((name) => {
    const value = given[name] ?? '';
    return local.some((one) => one.length >= 16 && value.includes(one));
  });
  if (known.length > 0) {
    add(`a secret of the local stack: ${known.join(', ')}`, 'make new ones for the deployment');
  }
  for (const name of ['DATABASE_URL', 'S3_ENDPOINT', 'MODEL_SERVER_URL'] as const) {
    const value = given[name];
    if (!value) continue;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const wanted = name === 'DATABASE_URL' ? /^postgres(ql)?:$/ : /^https:$/;
    if (url === undefined || !wanted.test(url.protocol) || isLoopbackHost(url.hostname)) {
      const scheme = name === 'DATABASE_URL' ? 'postgresql://' : 'https://';
      add(`${name} is not an address that Cloudflare can reach safely`, `expected ${scheme}…`);
    }
  }
  const [id, secret] = [given.GATEWAY_ACCESS_CLIENT_ID, given.GATEWAY_ACCESS_CLIENT_SECRET];
  if ((id === undefined) !== (secret === undefined)) {
    add('half a service token for the tunnel', 'set both GATEWAY_ACCESS_CLIENT_… or neither');
  }
  return problems;
}
