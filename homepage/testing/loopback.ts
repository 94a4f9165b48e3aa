// A server of a test's own on the loopback.
import type { Server } from 'node:http';

/** Resolves to its address, on a port that was free. */
export async function listenOn(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return `http://127.0.0.1:${address.port}`;
}

/** Ends answers under way too. */
export function shut(server: Server): void {
  server.closeAllConnections();
  server.close();
}
