import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';
import { AgentError } from './errors.ts';

const good = (): NodeJS.ProcessEnv => ({
  BRUNO_HOME: '/srv/bruno',
  EDGE_URL: 'http://127.0.0.1:8787',
  AGENT_TOKEN: 'a'.repeat(32),
  GATEWAY_TOKEN: 'g'.repeat(32),
  GATEWAY_PORT: '8790',
  AGENT_ID: 'mac-1',
  PYTHON: '/srv/bruno/python/bin/python',
  BASE_MODEL: 'tiny-sre, smollm2-135m-instruct',
});

const problemOf = (environment: NodeJS.ProcessEnv): AgentError => {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof AgentError) return error;
  }
  throw new Error('expected the configuration to be refused');
};

test('a complete environment is read with its defaults', () => {
  const config = parseConfig({ ...good(), PATH: '/bin' });
  expect(config).toMatchObject({
    GATEWAY_PORT: 8790,
    POLL_MS: 2000,
    BASE_MODEL: ['tiny-sre', 'smollm2-135m-instruct'],
    QUEUE_RUNNING: 4,
    QUEUE_WAITING: 16,
    SERVE_ONLY: false,
  });
  expect(config.OLLAMA_HOST).toBeUndefined();
});

test('an empty variable counts as not set', () => {
  expect(parseConfig({ ...good(), OLLAMA_HOST: '' }).OLLAMA_HOST).toBeUndefined();
});

test('every wrong setting is named in one error, and no value is repeated in it', () => {
  const error = problemOf({
    ...good(),
    AGENT_TOKEN: 'tooshort',
    GATEWAY_PORT: '99999',
    EDGE_URL: 'ftp://edge',
    PYTHON: 'python3',
  });
  expect(error.code).toBe('bad_config');
  for (const name of ['AGENT_TOKEN', 'GATEWAY_PORT', 'EDGE_URL', 'PYTHON']) {
    expect(error.message).toContain(name);
  }
  expect(error.message).not.toContain('tooshort');
});

test('a base name that could leave its folder is refused', () => {
  expect(problemOf({ ...good(), BASE_MODEL: '../../etc' }).message).toContain('BASE_MODEL');
});
