/**
 * The entry of `npm run db:migrate`: brings the database in DATABASE_URL to the newest schema, before
 * the Worker that needs it is deployed. Running it again changes nothing.
 */
import { connectGivenDatabase } from './database.ts';
import { explain, StackError } from './errors.ts';
import { freePort } from './ports.ts';

const run = async (): Promise<void> => {
  const url = process.env.DATABASE_URL;
  if (!url) {
    throw new StackError(
      'DATABASE_URL must name the database to migrate: DATABASE_URL=postgres://user:password@host/database npm run db:migrate.',
    );
  }
  const database = await connectGivenDatabase(url, await freePort());
  await database.stop();
  process.stdout.write(`${new URL(url).hostname} has the newest schema.\n`);
};

run().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
