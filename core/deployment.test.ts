import { expect, test } from 'vitest';
import {
  configurationProblems,
  type Deployed,
  deployedSchema,
  isBegun,
  REQUIRED_SECRETS,
  type Secrets,
  secretProblems,
} from './deployment.ts';

const KEY = 'mJ3Vq0nK9yWc5tRz8LbXe2HsGf7PaD4uIoTk1QwZxYg';
const good: Deployed = deployedSchema.parse({
  vars: {
    ENVIRONMENT: 'production',
    S3_BUCKET: 'agent-bruno-production',
    PUBLIC_URL: 'https://bruno.dev',
    ACCESS_TEAM_DOMAIN: 'bruno.cloudflareaccess.com',
    ACCESS_AUD: 'a'.repeat(64),
  },
  kv_namespaces: [{ binding: 'ROUTING_KV', id: '0123456789abcdef0123456789abcdef' }],
  queues: {
    producers: [
      { binding: 'EVENTS', queue: 'events' },
      { binding: 'DEAD_LETTERS', queue: 'events-dead' },
    ],
    consumers: [{ queue: 'events', dead_letter_queue: 'events-dead' }],
  },
  triggers: { crons: ['0 2 * * SUN', '*/15 * * * *'] },
  secrets: { required: [...REQUIRED_SECRETS] },
});
const steps = (over: object) =>
  configurationProblems(deployedSchema.parse({ ...good, ...over })).map(({ step }) => step);

test('an environment that is set up has no problem', () => {
  expect(configurationProblems(good)).toEqual([]);
  expect(isBegun(good)).toBe(true);
});

test.each<[string, object, string]>([
  ['a placeholder', { kv_namespaces: [{ binding: 'ROUTING_KV', id: `${'0'.repeat(31)}3` }] }, 'kv'],
  ['no KV at all', { kv_namespaces: [] }, 'kv'],
  ['no queues', { queues: undefined }, 'queues'],
  [
    'dead letters that go nowhere',
    { queues: { ...good.queues, consumers: [{ queue: 'events' }] } },
    'queues',
  ],
  ['a cron that is not set', { triggers: { crons: ['*/15 * * * *'] } }, 'crons'],
  ['no Access', { vars: { ...good.vars, ACCESS_TEAM_DOMAIN: '', ACCESS_AUD: '' } }, 'operators'],
  ['no address for links', { vars: { ...good.vars, PUBLIC_URL: '' } }, 'operators'],
  ['an AUD that is none', { vars: { ...good.vars, ACCESS_AUD: 'mine' } }, 'operators'],
  ['an operator token', { vars: { ...good.vars, ADMIN_TOKEN: KEY } }, 'vars'],
  ['a secret in the open', { vars: { ...good.vars, TOKEN_KEYS: '{}' } }, 'vars'],
  ['no bucket', { vars: { ...good.vars, S3_BUCKET: '' } }, 'vars'],
  [
    'secrets that are not required',
    { secrets: { required: ['DATABASE_URL'] } },
    'secrets required',
  ],
])('%s is refused', (_, over, step) => {
  expect(steps(over)).toEqual([step]);
});

const SIGNING = 'Xc9Rk2TnVb6yHq1mZs8fLd4gWp7jUe3aNo5iKxYt0QE';
const secrets: Secrets = {
  DATABASE_URL: 'postgresql://bruno:npg_8sKq2VnTx4Lw@ep-cool.eu-central-1.aws.neon.tech/bruno',
  S3_ENDPOINT: 'https://account.r2.cloudflarestorage.com',
  S3_ACCESS_KEY_ID: 'f00ba4f00ba4f00ba4',
  S3_SECRET_ACCESS_KEY: KEY,
  MODEL_SERVER_URL: 'https://agent.bruno.dev',
  GATEWAY_TOKEN: `${KEY}g`,
  AGENT_TOKEN: `${KEY}a`,
  METRICS_TOKEN: `${KEY}m`,
  TOKEN_KEYS: JSON.stringify({ current: 'k1', keys: { k1: SIGNING } }),
};
const found = (over: Partial<Record<string, string>>, local: string[] = []) => {
  const entries = Object.entries({ ...secrets, ...over });
  const given = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return secretProblems(Object.fromEntries(given), local)
    .map((problem) => problem.found)
    .join('\n');
};

test('secrets of their own, with addresses that can be reached, have no problem', () => {
  expect(found({})).toBe('');
});

test.each<[Partial<Record<string, string>>, string]>([
  [{ AGENT_TOKEN: undefined }, 'missing: AGENT_TOKEN'],
  [{ TOKEN_KEYS: '' }, 'missing: TOKEN_KEYS'],
  [{ ADMIN_TOKEN: KEY }, 'ADMIN_TOKEN is for the local environment only'],
  [{ GATEWAY_TOKEN: 'GATEWAY_TOKEN_OF_THE_WORKER' }, 'GATEWAY_TOKEN is short'],
  [{ AGENT_TOKEN: 'agent-for-tests-only-0123456789' }, 'AGENT_TOKEN is short'],
  [{ METRICS_TOKEN: 'x'.repeat(40) }, 'METRICS_TOKEN is short'],
  [{ AGENT_TOKEN: `${KEY}g` }, 'GATEWAY_TOKEN and AGENT_TOKEN are the same'],
  [{ METRICS_TOKEN: `${KEY}a` }, 'AGENT_TOKEN and METRICS_TOKEN are the same'],
  [{ METRICS_TOKEN: `${KEY}g` }, 'GATEWAY_TOKEN and METRICS_TOKEN are the same'],
  [{ AGENT_TOKEN: SIGNING }, 'AGENT_TOKEN and key k1 of TOKEN_KEYS are the same'],
  [
    { TOKEN_KEYS: JSON.stringify({ current: 'k2', keys: { k1: SIGNING, k2: SIGNING } }) },
    'key k1 of TOKEN_KEYS and key k2 of TOKEN_KEYS are the same',
  ],
  [
    { DATABASE_URL: `postgresql://bruno:${KEY}%67@ep-cool.aws.neon.tech/bruno` },
    'GATEWAY_TOKEN and the password in DATABASE_URL are the same',
  ],
  [
    { GATEWAY_ACCESS_CLIENT_ID: 'x', GATEWAY_ACCESS_CLIENT_SECRET: KEY },
    'S3_SECRET_ACCESS_KEY and GATEWAY_ACCESS_CLIENT_SECRET are the same',
  ],
  [{ TOKEN_KEYS: 'k1' }, 'TOKEN_KEYS is not'],
  [{ TOKEN_KEYS: JSON.stringify({ current: 'k2', keys: { k1: KEY } }) }, 'TOKEN_KEYS is not'],
  [
    { TOKEN_KEYS: JSON.stringify({ current: 'k1', keys: { k1: 'A'.repeat(43) } }) },
    'TOKEN_KEYS is not',
  ],
  [{ DATABASE_URL: 'postgres://bruno:npg_8sKq2VnTx4Lw@127.0.0.1/bruno' }, 'DATABASE_URL is not'],
  [
    { DATABASE_URL: 'postgresql://bruno:postgres@ep-cool.aws.neon.tech/bruno' },
    'the password in DATABASE_URL is short',
  ],
  [{ S3_SECRET_ACCESS_KEY: 'minioadmin' }, 'S3_SECRET_ACCESS_KEY is short, a default'],
  [{ MODEL_SERVER_URL: 'http://agent.bruno.dev' }, 'MODEL_SERVER_URL is not'],
  [{ S3_ENDPOINT: 'https://localhost:9000' }, 'S3_ENDPOINT is not'],
  [{ GATEWAY_ACCESS_CLIENT_ID: 'x' }, 'half a service token'],
])('%j is refused', (over, words) => {
  expect(found(over)).toContain(words);
});

test('each two of the tokens must differ, and all three alike are three pairs', () => {
  const token = `${KEY}x`;
  const same = { GATEWAY_TOKEN: token, AGENT_TOKEN: token, METRICS_TOKEN: token };
  expect(found(same).split('\n')).toEqual([
    'GATEWAY_TOKEN and AGENT_TOKEN are the same',
    'GATEWAY_TOKEN and METRICS_TOKEN are the same',
    'AGENT_TOKEN and METRICS_TOKEN are the same',
  ]);
});

test('a secret of the local stack is refused by name, also inside the key ring', () => {
  const other = 'Zq7LwX2vN8rTy4BdM6hKc1PsJg9FeUoA3iRbVtYxEmQ';
  expect(
    found({ TOKEN_KEYS: JSON.stringify({ current: 'k1', keys: { k1: other } }) }, [other]),
  ).toBe('a secret of the local stack: TOKEN_KEYS');
});

test('no message holds a secret', () => {
  const given = { ...secrets, AGENT_TOKEN: 'swordfish', METRICS_TOKEN: SIGNING };
  const all = JSON.stringify(secretProblems(given, [KEY]));
  expect(all).toContain('METRICS_TOKEN and key k1 of TOKEN_KEYS are the same');
  expect(all).not.toMatch(new RegExp(`swordfish|${KEY}|${SIGNING}|pass@`));
});
