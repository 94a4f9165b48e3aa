/**
 * Whether the agent's gateway answers through its tunnel, to the edge alone. Called by
 * `bruno doctor --deploy`. Reads only.
 */
import { z } from 'zod';
import type { Secrets } from '../../../core/deployment.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const healthSchema = z.looseObject({ status: z.string(), models: z.array(z.string()) });
/** Refused by the gateway, or by Cloudflare Access before it. */
const CLOSED: readonly number[] = [401, 403, 302];

export async function tunnelChecks(
  secrets: Secrets | null,
  base: string,
  timeOutMs: number,
): Promise<Check[]> {
  const url = secrets?.MODEL_SERVER_URL;
  if (!url) return [skip('tunnel', 'its address is not known here')];
  const ask = (headers: Record<string, string>) =>
    fetch(`${url.replace(/\/$/, '')}/healthz`, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeOutMs),
    });
  const { GATEWAY_ACCESS_CLIENT_ID: id, GATEWAY_ACCESS_CLIENT_SECRET: secret } = secrets;
  const access: Record<string, string> =
    id && secret ? { 'cf-access-client-id': id, 'cf-access-client-secret': secret } : {};
  try {
    const bare = await ask({});
    await bare.body?.cancel();
    const closed = CLOSED.includes(bare.status)
      ? pass('tunnel closed', `${bare.status} without the token`)
      : fail(
          'tunnel closed',
          `${bare.status} without the token; expected 401`,
          'see that the hostname leads to the agent\u2019s gateway and nothing else: ops/cloudflared/config.yml',
        );
    const known = await ask({ ...access, authorization: `Bearer ${secrets.GATEWAY_TOKEN ?? ''}` });
    return [closed, await readyCheck(known, base)];
  } catch {
    const todo =
      'see that cloudflared runs on the Mac, and that the hostname is routed to the tunnel';
    return [fail('tunnel closed', 'nothing answers', todo), skip('tunnel', 'nothing answers')];
  }
}

async function readyCheck(answer: Response, base: string): Promise<Check> {
  const health = healthSchema.safeParse(await answer.json().catch(() => undefined));
  if (!health.success) {
    const todo = CLOSED.includes(answer.status)
      ? 'give the agent and the Worker the same GATEWAY_TOKEN; before Access also GATEWAY_ACCESS_CLIENT_…'
      : 'see the agent\u2019s log, and cloudflared\u2019s';
    return fail('tunnel', `${answer.status} with the token`, todo);
  }
  const { status, models } = health.data;
  if (models.length === 0) {
    const todo = 'see the agent\u2019s log; it loads the base first';
    return fail('tunnel', `${status}, holds no model`, todo);
  }
  const found = `${status}, holds ${models.join(', ')}`;
  if (models.includes(base)) return pass('tunnel', found);
  const todo = 'give the same BASE_MODEL to the agent and to [env.….vars] of wrangler.toml';
  return fail('tunnel', `${found}; the Worker\u2019s BASE_MODEL is ${base}`, todo);
}
