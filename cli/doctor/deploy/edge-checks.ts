/**
 * The Worker from outside, as strangers meet it: closed where it must be, its pages under their policy,
 * open to those pages elsewhere that may embed the chat. Called by `bruno doctor --deploy`.
 */
import type { Secrets } from '../../../core/deployment.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const PAGES = ['/', '/console/', '/docs/'];
const CLOSED = [
  ['GET', '/admin/status'],
  ['GET', '/metrics'],
  ['POST', '/agent/jobs/claim'],
] as const;
/** By the Worker, or by Cloudflare Access before it. */
const isClosed = (status: number) => [401, 403, 302].includes(status);
const STRANGER = 'https://stranger.invalid';

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

export async function edgeChecks(
  url: URL,
  secrets: Secrets | null,
  timeOutMs: number,
): Promise<Check[]> {
  const ask: Ask = async (path, init = {}) => {
    const signal = AbortSignal.timeout(timeOutMs);
    const answer = await fetch(new URL(path, url), { ...init, redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer;
  };
  try {
    return [
      await closedCheck(ask),
      await localCheck(ask),
      await metricsCheck(ask, secrets?.METRICS_TOKEN),
      await pagesCheck(ask),
      await originsCheck(ask, secrets),
      await visitorCheck(ask),
    ];
  } catch {
    const todo =
      'see that the Worker is deployed and its domain set: [env.….routes] of wrangler.toml';
    return [fail('edge', `nothing answers at ${url.origin}`, todo)];
  }
}

async function closedCheck(ask: Ask): Promise<Check> {
  const open: string[] = [];
  for (const [method, path] of CLOSED) {
    const { status } = await ask(path, { method });
    if (!isClosed(status)) open.push(`${path} (${status})`);
  }
  if (open.length === 0) return pass('closed', CLOSED.map(([, path]) => path).join(', '));
  const todo =
    '404: it is another Worker; 503: see its log; 200: take it offline, it is open to all';
  return fail('closed', `not refused with 401: ${open.join(', ')}`, todo);
}

async function localCheck(ask: Ask): Promise<Check> {
  const { status } = await ask('/local/clock');
  if (status === 404) return pass('not local', 'the endpoints of one machine are absent');
  const todo = 'set ENVIRONMENT to staging or production in its [env.….vars] and deploy again';
  return fail('not local', `/local/clock answers ${status}; expected 404`, todo);
}

async function metricsCheck(ask: Ask, token: string | undefined): Promise<Check> {
  if (!token) return skip('metrics', 'METRICS_TOKEN is not known here');
  const { status } = await ask('/metrics', { headers: { authorization: `Bearer ${token}` } });
  if (status === 200) return pass('metrics', 'readable with METRICS_TOKEN');
  const todo =
    'upload METRICS_TOKEN and deploy again; behind Access, leave /metrics out of the application';
  return fail('metrics', `${status} with METRICS_TOKEN; expected 200`, todo);
}

async function pagesCheck(ask: Ask): Promise<Check> {
  const bare: string[] = [];
  for (const path of PAGES) {
    const { status, headers } = await ask(path);
    // The console may stand behind Access, whose own page is not ours.
    if (path === '/console/' && isClosed(status)) continue;
    const policy = headers.get('content-security-policy') ?? '';
    const strict = policy.includes("default-src 'none'") && !policy.includes('unsafe');
    const kept = headers.get('x-content-type-options') === 'nosniff';
    if (status !== 200 || !strict || !kept) bare.push(`${path} (${status})`);
  }
  if (bare.length === 0) return pass('pages', `${PAGES.join(', ')} under their policy`);
  const todo = 'npm run build:pages, then deploy again; see that no rule of the zone drops headers';
  return fail('pages', `not there, or without their headers: ${bare.join(', ')}`, todo);
}

async function originsCheck(ask: Ask, secrets: Secrets | null): Promise<Check> {
  const allowed = (secrets?.ALLOWED_ORIGINS ?? '').split(',').map((one) => one.trim());
  const origins = allowed.filter((one) => one !== '');
  const granted = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    const answer = await ask('/api/chat', { method: 'OPTIONS', headers });
    return answer.headers.get('access-control-allow-origin') === origin;
  };
  const todo =
    'ALLOWED_ORIGINS holds exact origins with commas between, such as https://example.com';
  if (await granted(STRANGER)) return fail('origins', 'any page may embed the chat', todo);
  const refused: string[] = [];
  for (const origin of origins) if (!(await granted(origin))) refused.push(origin);
  if (refused.length > 0) return fail('origins', `refused: ${refused.join(', ')}`, todo);
  return origins.length === 0
    ? skip('origins', 'only its own pages: ALLOWED_ORIGINS is empty or not known here')
    : pass('origins', origins.join(', '));
}

async function visitorCheck(ask: Ask): Promise<Check> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await ask('/api/chat/session', { method: 'POST', headers, body: '{}' });
  if (status === 201) return pass('visitor', 'a conversation can be opened');
  const todo = 'see the Worker\u2019s log (npx wrangler tail --env …): it names what is not usable';
  return fail('visitor', `opening a conversation answers ${status}; expected 201`, todo);
}
