// The benchmark's side of the local stack (stage.ts): start it, cut its database off, count its rows.

import { z } from 'zod';
import { withConnection } from '../../local/migrate.ts';
import { startScript } from './children.ts';

const readySchema = z.strictObject({
  port: z.int(),
  workerdPid: z.int(),
  hostPid: z.int(),
  operatorToken: z.string(),
  databaseUrl: z.string(),
  proxyAddress: z.string(),
  inspectorPort: z.int().optional(),
});

const pendingSchema = z.object({ pending: z.int() });

export type Stage = z.output<typeof readySchema> & {
  database(order: 'stop' | 'start'): Promise<void>;
  /** One row of a query without parameters. Throws while the database is gone. */
  row<Row>(sql: string, schema: z.ZodType<Row>): Promise<Row>;
  /** Events queued and not yet written, as the Worker itself counts them. */
  pending(): Promise<number>;
  /** Until every event is written. Throws after `withinMs`. */
  drained(withinMs: number): Promise<void>;
  stop(): Promise<void>;
};

export async function startStage(
  upstreamPort: number,
  options: { inspected?: boolean } = {},
): Promise<Stage> {
  const words = [String(upstreamPort), ...(options.inspected ? ['inspected'] : [])];
  const { child, ready } = await startScript('stage.ts', words, readySchema);
  const pending = async () => {
    const response = await fetch(`http://127.0.0.1:${ready.port}/local/queue`, {
      headers: { authorization: `Bearer ${ready.operatorToken}` },
      signal: AbortSignal.timeout(10_000),
    });
    return pendingSchema.parse(await response.json()).pending;
  };
  return {
    ...ready,
    database: async (order) => {
      child.tell({ database: order });
      await child.line();
    },
    row: (sql, schema) =>
      withConnection(ready.databaseUrl, ready.proxyAddress, async (client) => {
        const { rows } = await client.query(sql);
        return schema.parse(rows[0]);
      }),
    pending,
    drained: async (withinMs) => {
      const deadline = Date.now() + withinMs;
      for (let left = await pending(); left > 0; left = await pending()) {
        if (Date.now() > deadline) throw new Error(`${left} events were not written in time.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop: () => child.stop(),
  };
}
