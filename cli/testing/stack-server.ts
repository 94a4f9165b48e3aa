/**
 * A real HTTP server that keeps to the admin API's contract, for the command line's tests: bearer
 * token, JSON bodies by the wire schemas, no foreign Origin, the routing table's own decisions.
 * It must be stricter than it is helpful: what the contract does not allow is refused.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { z } from 'zod';
import { decideRoute, type RouteCommand } from '../../core/route-commands.ts';
import type { RoutingTable } from '../../core/routing.ts';
import {
  clockRequestSchema,
  createJobSchema,
  createKeySchema,
  curateRequestSchema,
  erasureRequestSchema,
  reviewDecisionSchema,
  revokeKeySchema,
  routeRequestSchema,
} from '../../core/wire/admin.ts';
import type { SettingsAnswer } from '../../core/wire/settings.ts';
import type { Experiment } from '../experiment-schemas.ts';
import { experiment, experimentRoute, type JudgeState } from './experiment-routes.ts';
import { learningRoute } from './learning-routes.ts';
import { recordRoute, type Told, told } from './record-routes.ts';
import { settings, settingsRoute } from './settings-routes.ts';
import * as state from './stack-state.ts';

export const JOB_2 = '0b0e0000-0000-4000-8000-0000000000b2';
const REVIEWS_A_PAGE = 2;
const LETTERS_A_PAGE = 2;
/** A letter of this reason cannot be read, however often it is sent again. */
export const POISON = 'unreadable: kind';
export const RUN_ID = 'curate-2026-w42';
export const TOKEN = 'operator-token-for-tests';
/** What Cloudflare's edge would take in place of the token. */
export const ACCESS = { person: 'person.jwt', clientId: 'abc.access', clientSecret: 'secret' };

/** An answer that breaks things; null cuts the connection. */
export type Interruption = {
  status: number;
  body: string;
  headers?: Record<string, string>;
} | null;

export type World = Told & {
  requests: { method: string; path: string; body: unknown }[];
  datasets: unknown[];
  erasures: unknown[];
  reviews: state.ReviewState[];
  letters: state.LetterState[];
  bounded: state.BoundedState[];
  jobs: state.JobState[];
  /** What the job becomes, one reading after another. */
  jobSteps: Partial<state.JobState>[];
  curationSteps: unknown[];
  history: unknown[];
  table: RoutingTable;
  seenRequestIds: Set<string>;
  parts: Record<string, boolean>;
  status: unknown;
  lineage: unknown;
  keys: state.KeyState[];
  experiments: Experiment[];
  settings: SettingsAnswer[];
  judge: JudgeState;
  /** False: a stack in the cloud, without the endpoints of one machine. */
  local: boolean;
  /** Answered first, one a request. */
  before: Interruption[];
  /** Answered instead of a result that was carried out, one a request. */
  after: Interruption[];
};

export type Stack = World & { readonly url: string; readonly close: () => Promise<void> };

type Reply = { status: number; body: unknown };
type Request = { method: string; path: string; query: URLSearchParams; body: unknown };
const ok = (body: unknown, status = 200): Reply => ({ status, body });
const refuse = (status: number, code: string, message: string): Reply =>
  ok({ error: { code, message } }, status);

export async function startStack(): Promise<Stack> {
  const world: World = {
    ...told(),
    requests: [],
    datasets: [state.dataset],
    erasures: [],
    reviews: [{ ...state.review }, { ...state.review, event_id: 'evt-2' }],
    letters: [{ ...state.deadLetter }],
    bounded: [state.boundedVisitor],
    jobs: [{ ...state.job }],
    jobSteps: [],
    curationSteps: [],
    history: [],
    table: { ...state.table },
    seenRequestIds: new Set(),
    parts: { database: true, routing: true, model_server: true, object_store: true },
    status: state.status,
    lineage: state.modelLineage,
    keys: [{ ...state.apiKey }],
    experiments: [{ ...experiment }],
    settings: [settings],
    judge: { kind: 'deterministic', planted: 0, waiting: [] },
    local: true,
    before: [],
    after: [],
  };
  const server = createServer((request, response) => {
    void serve(world, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return Object.assign(world, { url: `http://127.0.0.1:${address.port}`, close });
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse) {
  const chunks: string[] = [];
  for await (const chunk of request.setEncoding('utf8')) chunks.push(String(chunk));
  const text = chunks.join('');
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stack');
  const method = request.method ?? 'GET';
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  world.requests.push({ method, path: pathname, body });
  if (world.before.length > 0) return interrupt(world.before.shift() ?? null, response);
  const reply =
    guard(request, pathname) ?? route(world, { method, path: pathname, query: searchParams, body });
  if (world.after.length > 0) return interrupt(world.after.shift() ?? null, response);
  response.writeHead(reply.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(reply.body));
}

function interrupt(what: Interruption, response: ServerResponse): void {
  if (what === null) {
    response.destroy();
    return;
  }
  response.writeHead(what.status, what.headers ?? {});
  response.end(what.body);
}

function passedAccess({ headers }: IncomingMessage): boolean {
  if (headers['cf-access-token'] === ACCESS.person) return true;
  const id = headers['cf-access-client-id'];
  return id === ACCESS.clientId && headers['cf-access-client-secret'] === ACCESS.clientSecret;
}

function guard(request: IncomingMessage, path: string): Reply | null {
  if (!path.startsWith('/admin/') && !path.startsWith('/local/')) {
    const leaked = Object.keys(request.headers).some((name) => /^(authorization$|cf-)/.test(name));
    return leaked ? refuse(400, 'token_leaked', 'a public page needs no token') : null;
  }
  if (request.headers.authorization !== `Bearer ${TOKEN}` && !passedAccess(request)) {
    return refuse(401, 'unauthorized', 'A valid bearer token is needed.');
  }
  if (request.method !== 'POST') return null;
  if (request.headers.origin !== undefined)
    return refuse(
      403,
      'origin_not_allowed',
      'This endpoint does not accept writes from that origin.',
    );
  const isJson = request.headers['content-type'] === 'application/json';
  return isJson
    ? null
    : refuse(415, 'unsupported_media_type', 'Expected content-type application/json.');
}

function route(world: World, request: Request): Reply {
  const [area, noun = '', id = '', verb = ''] = request.path
    .split('/')
    .slice(1)
    .map(decodeURIComponent);
  if (area === 'healthz') return ok({ status: 'ok' });
  if (area === 'readyz') {
    const isReady = Object.values(world.parts).every(Boolean);
    return ok({ status: isReady ? 'ok' : 'ill', parts: world.parts }, isReady ? 200 : 503);
  }
  if (area === 'local') return moveClock(world, request.body);
  const key = `${request.method} ${noun}${id === '' ? '' : '/:id'}${verb === '' ? '' : `/${verb}`}`;
  const recorded = recordRoute(world, { ...request, key, id });
  if (recorded !== null) return recorded;
  const about = { ...request, key, id };
  const tried = experimentRoute(world, about) ?? settingsRoute(world, about);
  if (tried !== null) return tried;
  const learned = learningRoute(key, request.body);
  if (learned !== null) return learned;
  switch (key) {
    case 'GET status':
      return ok(world.status);
    case 'GET datasets':
      return ok({ datasets: world.datasets });
    case 'GET datasets/:id':
      return id === state.dataset.id ? ok(state.dataset) : missing('dataset', id);
    case 'POST datasets':
      return parsed(curateRequestSchema, request.body, () =>
        ok({ run_id: RUN_ID, dataset_id: state.dataset.id, existed: false }, 202),
      );
    case 'GET curations/:id':
      return ok(
        world.curationSteps.length > 1 ? world.curationSteps.shift() : world.curationSteps[0],
      );
    case 'GET erasures':
      return ok({ erasures: world.erasures });
    case 'POST erasures':
      return parsed(erasureRequestSchema, request.body, (body) => erase(world, body));
    case 'GET models':
      return ok({ models: [state.model] });
    case 'GET models/:id':
      return id === state.model.id ? ok(state.model) : missing('model', id);
    case 'GET lineage/:id':
      return ok(world.lineage);
    case 'GET route':
      return ok(routeView(world));
    case 'POST route':
      return parsed(routeRequestSchema, request.body, (body) => changeRoute(world, body));
    case 'GET keys':
      return ok({ keys: world.keys });
    case 'POST keys':
      return parsed(createKeySchema, request.body, ({ name, scopes, prefix = 'made' }) => {
        const made = { ...state.apiKey, name, scopes, prefix };
        world.keys.unshift(made);
        return ok({ key: state.KEY_TEXT, ...made }, 201);
      });
    case 'POST keys/:id/revoke':
      return parsed(revokeKeySchema, request.body, (body) => revokeKey(world, id, body.reason));
    case 'GET reviews':
      return listReviews(world, request.query.get('status'));
    case 'POST reviews/:id':
      return parsed(reviewDecisionSchema, request.body, (body) => decideReview(world, id, body));
    case 'GET bounds':
      return listBounds(world, request.query);
    case 'GET dead-letters':
      return listLetters(world, request.query);
    case 'POST dead-letters/:id/replay':
      return replayLetter(world, id);
    default:
      return jobs(world, key, id, request.body);
  }
}

function listBounds(world: World, query: URLSearchParams): Reply {
  const after = world.bounded.findIndex(({ visitor_id: id }) => id === query.get('after'));
  const visitors = world.bounded.slice(after + 1, after + 1 + LETTERS_A_PAGE);
  const isLast = after + 1 + visitors.length >= world.bounded.length;
  const next = isLast ? null : visitors.at(-1)?.visitor_id;
  return ok({ ...state.bounds, visitors, next });
}

function listLetters(world: World, query: URLSearchParams): Reply {
  const status = query.get('status') ?? 'waiting';
  const after = world.letters.findIndex(({ id }) => id === query.get('after'));
  const found = world.letters.slice(after + 1).filter((letter) => letter.status === status);
  return ok({ dead_letters: found.slice(0, LETTERS_A_PAGE) });
}

function replayLetter(world: World, id: string): Reply {
  const letter = world.letters.find((one) => one.id === id);
  if (letter === undefined) return missing('dead letter', id);
  if (letter.reason === POISON) {
    return refuse(409, 'conflict', `Dead letter ${id} cannot be sent again: it is ${POISON}.`);
  }
  letter.status = 'replayed';
  return ok({ id, status: 'replayed' }, 202);
}

function moveClock(world: World, body: unknown): Reply {
  if (!world.local) return refuse(404, 'not_found', 'There is no such endpoint.');
  return parsed(clockRequestSchema, body, (wanted) =>
    ok({ now: 'to' in wanted ? wanted.to : state.T0, fired: 3 }),
  );
}

function erase(world: World, body: z.infer<typeof erasureRequestSchema>): Reply {
  const before = world.erasures.length > 0;
  const { datasets: _d, models_flagged: _m, ...counts } = state.erasure.counts;
  if (body.dry_run === true) {
    const datasets = ['2026-w41', '2026-w42'];
    const models = [state.model.id];
    return ok({ dry_run: true, erased_before: before, counts, datasets, models });
  }
  const { reason } = body;
  const asked = { ...state.erasure, who: 'operator', reason, state: 'rewriting', counts };
  if (!before) world.erasures.push({ ...asked, completed_at: null });
  return ok(world.erasures[0], 202);
}

const missing = (what: string, id: string): Reply =>
  refuse(404, 'not_found', `There is no ${what} ${id}.`);

function parsed<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  then: (value: z.infer<Schema>) => Reply,
): Reply {
  const result = schema.safeParse(body);
  if (result.success) return then(result.data);
  return refuse(
    400,
    'invalid_request',
    `The request is not usable: ${result.error.issues[0]?.message}`,
  );
}

function jobs(world: World, key: string, id: string, body: unknown): Reply {
  const job = world.jobs.find((one) => one.id === id);
  switch (key) {
    case 'GET jobs':
      return ok({ jobs: world.jobs });
    case 'POST jobs':
      return parsed(createJobSchema, body, (wanted) => {
        if (wanted.dataset_id !== state.dataset.id) return missing('dataset', wanted.dataset_id);
        world.jobs.push({
          ...state.job,
          id: JOB_2,
          status: 'queued',
          attempt: 0,
          progress: null,
        });
        return ok(world.jobs.at(-1), 201);
      });
    case 'GET jobs/:id':
      if (job === undefined) return missing('job', id);
      return ok(Object.assign(job, world.jobSteps.shift()));
    case 'POST jobs/:id/cancel':
      if (job === undefined) return missing('job', id);
      if (job.finished_at !== null) {
        return refuse(409, 'conflict', `Job ${id} has already ended: ${job.status}.`);
      }
      if (job.status === 'leased') return ok(Object.assign(job, { cancel_requested: true }));
      return ok(Object.assign(job, { status: 'cancelled', finished_at: state.T0 }));
    default:
      return refuse(404, 'not_found', `There is no ${key}.`);
  }
}

function listReviews(world: World, status: string | null): Reply {
  const found = world.reviews.filter((review) => review.status === status);
  return ok({ reviews: found.slice(0, REVIEWS_A_PAGE) });
}

function decideReview(world: World, id: string, body: z.infer<typeof reviewDecisionSchema>): Reply {
  const review = world.reviews.find((one) => one.event_id === id);
  if (review === undefined) return missing('feedback event', id);
  review.status = body.decision === 'accept' ? 'accepted' : 'rejected';
  review.note = body.note ?? null;
  return ok({ event_id: id, status: review.status });
}

function revokeKey(world: World, id: string, reason: string): Reply {
  const key = world.keys.find((one) => one.id === id);
  if (key === undefined) return missing('API key', id);
  const changed = key.status !== 'revoked';
  if (changed)
    Object.assign(key, { status: 'revoked', revoked_at: state.T0, revoke_reason: reason });
  return ok({ id, status: 'revoked', changed, recorded: true });
}

function changeRoute(world: World, body: z.infer<typeof routeRequestSchema>): Reply {
  // As ab_testing.initial_traffic_split where a start says none.
  const { request_id: requestId, model_id: modelId, share = 0.1, slice } = body;
  if (requestId === undefined) return refuse(400, 'invalid_request', 'request_id is expected');
  if (world.seenRequestIds.has(requestId)) return ok(routeView(world));
  const shareBp = Math.round(share * 10_000);
  const meant = {
    ...(modelId === undefined ? {} : { modelId }),
    ...(body.experiment_id === undefined ? {} : { experimentId: body.experiment_id }),
  };
  const part = slice === undefined ? {} : { sliceBp: Math.round(slice * 10_000) };
  const commands: Record<typeof body.action, RouteCommand> = {
    start: { action: 'start', modelId: modelId ?? '', shareBp, ...part },
    share: { action: 'share', shareBp, ...meant },
    promote: { action: 'promote', ...meant },
    rollback: { action: 'rollback', ...meant },
  };
  const decision = decideRoute(world.table, commands[body.action], 0);
  if (!decision.ok) {
    const { reason } = decision;
    return refuse(409, 'conflict', `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`);
  }
  world.seenRequestIds.add(requestId);
  world.history.push({
    version: decision.next.version,
    at: state.T0,
    who: 'operator',
    action: body.action,
    reason: body.reason ?? '',
    summary: decision.summary,
    from: state.tableView(world.table),
    to: state.tableView(decision.next),
  });
  world.table = decision.next;
  return ok(routeView(world));
}

const routeView = (world: World) => ({
  table: state.tableView(world.table),
  history: world.history,
});
