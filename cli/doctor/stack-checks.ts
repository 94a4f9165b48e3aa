/**
 * Whether the running stack is well: reachable, each part ready, the operator known, the agent seen.
 * Called by `bruno doctor`. Where it can't be reached the rest is skipped, not failed.
 */
import type { Client } from '../client.ts';
import { OperationError } from '../errors.ts';
import { instant, number } from '../layout.ts';
import { anything, readiness, type Status, status } from '../schemas.ts';
import { type Check, fail, pass, skip } from './check.ts';

const AGENT_RECENT_MS = 120_000;

const ADVICE: Readonly<Record<string, string>> = {
  settings: 'see the log, which names each setting that is not usable',
  routing_cache:
    'see whether the KV namespace is bound; until then answers depend on the routing object',
  database: 'see whether Postgres runs; restart the stack with npm start',
  routing: 'bruno route show; restart the stack with npm start',
  model_server: 'see whether the agent runs and which models it holds',
  object_store: 'check the object store settings; restart the stack with npm start',
};

export async function stackChecks(client: Client): Promise<Check[]> {
  const reached = await attempt(() => client.probe('/healthz', anything));
  if (reached.failure !== null) {
    const { message } = reached.failure;
    const later = ['ready', 'operator', 'agent'].map((name) =>
      skip(name, 'the stack is not reachable'),
    );
    return [
      fail('stack', message, 'start it with npm start, or give its address with --url'),
      ...later,
    ];
  }
  return [
    pass('stack', 'reachable'),
    ...(await readyChecks(client)),
    ...(await operatorChecks(client)),
  ];
}

async function readyChecks(client: Client): Promise<Check[]> {
  const ready = await attempt(() => client.probe('/readyz', readiness));
  if (ready.failure !== null) {
    return [
      fail('ready', ready.failure.message, 'check that --url is the stack, and of this version'),
    ];
  }
  return Object.entries(ready.value.parts).map(([part, health]) => {
    const name = `ready: ${part}`;
    if (health) return pass(name, 'ok');
    return fail(name, 'failed', ADVICE[part] ?? 'restart the stack with npm start');
  });
}

async function operatorChecks(client: Client): Promise<Check[]> {
  const read = await attempt(() => client.get('/admin/status', status));
  if (read.failure !== null) {
    return [
      fail(
        'operator',
        read.failure.message,
        'give the token with BRUNO_TOKEN or --token; to a deployed Worker sign in with BRUNO_ACCESS_TOKEN',
      ),
      skip('agent', 'only an operator may see it'),
    ];
  }
  return [
    pass('operator', 'accepted'),
    agentCheck(read.value),
    ...notificationChecks(read.value.notifications),
  ];
}

/** A channel that is off is nobody's fault; one that cannot work, or did not, is. */
export function notificationChecks(told: Status['notifications']): Check[] {
  if (told === null || told === undefined) return [];
  const channels = told.channels.map(({ name, state, why }): Check => {
    const check = `notify: ${name}`;
    if (state === 'on') return pass(check, 'on');
    if (state === 'off') return skip(check, `off: ${why ?? 'not set up'}`);
    return fail(check, why ?? 'not usable', 'set it anew, then try it with bruno notify test');
  });
  if (told.failed === 0) return channels;
  const found = `${number(told.failed)} messages of the last seven days were given up`;
  return [...channels, fail('notify: outbox', found, 'bruno notify list --state failed')];
}

/** Judged by the server's clock: a local stack may live in another week than this machine. */
export function agentCheck(state: {
  readonly now: string;
  readonly health: Pick<Status['health'], 'agent_seen_at'>;
}): Check {
  const seen = state.health.agent_seen_at;
  if (seen === null)
    return fail('agent', 'never seen', 'start the agent, and check its AGENT_TOKEN');
  const agoMs = Date.parse(state.now) - Date.parse(seen);
  if (agoMs <= AGENT_RECENT_MS) return pass('agent', `seen ${instant(seen)}`);
  const found = `last seen ${instant(seen)}, ${number(Math.round(agoMs / 60_000))} minutes ago`;
  return fail(
    'agent',
    found,
    'see whether the agent still runs, and its log: in the logs folder, or on a Mac in ~/Library/Logs',
  );
}

type Attempt<Value> =
  | { readonly failure: null; readonly value: Value }
  | { readonly failure: { readonly message: string } };

async function attempt<Value>(act: () => Promise<Value>): Promise<Attempt<Value>> {
  try {
    return { failure: null, value: await act() };
  } catch (thrown) {
    if (thrown instanceof OperationError) return { failure: thrown.failure };
    throw thrown;
  }
}
