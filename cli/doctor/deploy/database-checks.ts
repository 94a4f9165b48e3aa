/**
 * Whether the database of a deployment answers, has pgvector and the newest migration of this checkout.
 * Called by `bruno doctor --deploy`. Reads only; an error's own words stay inside, as they may
 * hold the address with its password.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Secrets } from '../../../core/deployment.ts';
import type { Io } from '../../io.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const journalSchema = z.object({
  entries: z.array(z.object({ tag: z.string(), when: z.number() })).min(1),
});
const MIGRATE = 'DATABASE_URL=… npm run db:migrate';

export async function databaseChecks(io: Io, secrets: Secrets | null): Promise<Check[]> {
  const url = secrets?.DATABASE_URL;
  if (!url) return [skip('database', 'its address is not known here')];
  const { withConnection } = await import('../../../local/migrate.ts');
  try {
    return await withConnection(url, io.env.DATABASE_PROXY || null, async (client) => {
      const has = async (query: string, values: string[] = []) =>
        (await client.query(query, values)).rows;
      const vector = await has("select 1 from pg_extension where extname = 'vector'");
      const [table] = await has("select to_regclass('drizzle.__drizzle_migrations') as name");
      const [last] =
        table?.name == null
          ? []
          : await has('select max(created_at)::text as at from drizzle.__drizzle_migrations');
      return [
        pass('database', 'reachable'),
        vector.length > 0
          ? pass('pgvector', 'there')
          : fail('pgvector', 'the extension is not there', `it comes with ${MIGRATE}`),
        await migrationCheck(io.repoRoot, last?.at == null ? null : Number(last.at)),
      ];
    });
  } catch {
    const todo = 'check DATABASE_URL: user, password, host, and that Neon\u2019s project is awake';
    return [fail('database', `no connection to ${hostOf(url)}`, todo)];
  }
}

async function migrationCheck(root: string, appliedAt: number | null): Promise<Check> {
  const journal = await readFile(join(root, 'migrations', 'meta', '_journal.json'), 'utf8');
  const { entries } = journalSchema.parse(JSON.parse(journal));
  const missing = entries.filter(({ when }) => appliedAt === null || when > appliedAt);
  const newest = entries.at(-1)?.tag ?? '';
  if (missing.length === 0) return pass('migrations', `up to ${newest}`);
  return fail('migrations', `not applied: ${missing.map(({ tag }) => tag).join(', ')}`, MIGRATE);
}

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).hostname : 'that address');
