// A line to the database that a test can cut: passes bytes on, or lets nobody through.

import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  address: string;
  turn(state: 'up' | 'down'): void;
  stop(): Promise<void>;
}

/** `target` is `host:port`. */
export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(`http://${target}`);
  const open = new Set<Socket>();
  let up = true;
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => {
    if (!up) {
      client.destroy();
      return;
    }
    const other = connect({ port: Number(port), host: hostname, noDelay: true });
    for (const [one, two] of [
      [client, other],
      [other, client],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        open.delete(one);
        two.destroy();
      });
      one.pipe(two);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    turn: (state) => {
      up = state === 'up';
      if (!up) cut();
    },
    stop: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
