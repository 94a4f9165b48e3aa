/**
 * Ports on 127.0.0.1: whether one is free, and the stack's inner ports, which a home remembers so
 * that addresses handed out before a restart stay good. Called by the stack.
 */
import { createServer } from 'node:net';
import { z } from 'zod';
import { readJson, writeAtomic } from './files.ts';

const names = ['postgres', 'proxy', 's3', 'gateway'] as const;
const port = z.number().int().min(1).max(65_535);
const schema = z.strictObject({
  version: z.literal(1),
  ports: z.strictObject({ postgres: port, proxy: port, s3: port, gateway: port }),
});

export type Ports = z.output<typeof schema>['ports'];

const listen = (wanted: number): Promise<number | null> =>
  new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(null));
    server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, () => {
      const address = server.address();
      const found = address !== null && typeof address === 'object' ? address.port : null;
      server.close(() => settle(found));
    });
  });

export const isFree = async (wanted: number): Promise<boolean> => (await listen(wanted)) !== null;

export const freePort = async (avoid: ReadonlySet<number> = new Set()): Promise<number> => {
  for (;;) {
    const found = await listen(0);
    if (found !== null && !avoid.has(found)) return found;
  }
};

/** Last time's ports where they are still free, others in place of those that are not. */
export const innerPorts = async (file: string, reserved: number): Promise<Ports> => {
  const before = readJson(file, schema)?.ports;
  const used = new Set([reserved]);
  const ports: Ports = { postgres: 0, proxy: 0, s3: 0, gateway: 0 };
  for (const name of names) {
    const old = before?.[name];
    const keep = old !== undefined && !used.has(old) && (await isFree(old));
    ports[name] = keep ? old : await freePort(used);
    used.add(ports[name]);
  }
  writeAtomic(file, `${JSON.stringify({ version: 1, ports }, null, 2)}\n`);
  return ports;
};
