/**
 * Lets the Worker's database driver, which speaks Postgres over WebSocket, reach a Postgres that
 * speaks TCP. Called by the stack and by tests. It listens on 127.0.0.1 only, always connects to
 * the one server it was given, and refuses browsers: a page of any site could open a WebSocket here.
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { StackError } from './errors.ts';

export type NeonProxy = {
  /** "127.0.0.1:port", as the driver's `wsProxy` wants it. */
  readonly address: string;
  stop(): Promise<void>;
};

const CONNECT_WITHIN_MS = 10_000;

export const startNeonProxy = async (options: {
  port: number;
  target: { host: string; port: number };
}): Promise<NeonProxy> => {
  const http = createServer((_request, response) => {
    response.writeHead(426).end('This address takes WebSocket connections of the Worker only.');
  });
  const sockets = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    verifyClient: ({ req }: { req: { headers: { origin?: string | undefined } } }) =>
      req.headers.origin === undefined,
  });
  sockets.on('connection', (socket) => {
    const client = createWebSocketStream(socket);
    const server = connect({ ...options.target, noDelay: true, timeout: CONNECT_WITHIN_MS });
    server.once('connect', () => server.setTimeout(0));
    server.once('timeout', () => server.destroy());
    const end = (): void => {
      client.destroy();
      server.destroy();
      socket.terminate();
    };
    for (const side of [client, server]) {
      side.on('error', end);
      side.on('close', end);
    }
    client.pipe(server).pipe(client);
  });
  // The same errors reach the HTTP server, where listen() below handles them.
  sockets.on('error', () => undefined);
  await new Promise<void>((settle, refuse) => {
    http.once('error', (error) => {
      const message = `The database proxy could not listen on 127.0.0.1:${options.port}: ${error.message}.`;
      refuse(new StackError(message, { cause: error }));
    });
    http.listen(options.port, '127.0.0.1', () => settle());
  });
  const bound = http.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.port;
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      http.closeAllConnections();
      await new Promise<void>((settle) => http.close(() => settle()));
    },
  };
};
