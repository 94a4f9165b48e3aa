// A homepage on another origin than the Worker: a tiny server on `localhost`, which to a browser is
// another site than 127.0.0.1. Used by the embedding tests only.
import { createServer } from 'node:http';
import { type Browser, chromium } from 'playwright-core';
import { freePort } from '../../local/ports.ts';

export interface Elsewhere {
  origin: string;
  /** A third site that wants to be remembered by a cookie. */
  stranger: string;
  /** Puts a page at a path. */
  put(path: string, body: string): void;
  stop(): Promise<void>;
}

export async function openElsewhere(): Promise<Elsewhere> {
  const port = await freePort();
  const strangerPort = await freePort();
  const pages = new Map<string, string>();
  const stranger = createServer((_request, response) => {
    response.writeHead(200, { 'set-cookie': 'seen=1; Path=/; SameSite=None; Secure' });
    response.end('');
  });
  await new Promise<void>((resolve) => stranger.listen(strangerPort, '127.0.0.1', resolve));
  const server = createServer((request, response) => {
    const body = pages.get(request.url ?? '/');
    // As strict as a homepage can be and still use the script tag.
    const host = pages.get('host') ?? '';
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src ${host}; connect-src ${host}; img-src data: http://127.0.0.1:*; style-src 'self'`,
    });
    response.end(body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  return {
    origin: `http://localhost:${port}`,
    put: (path, body) => void pages.set(path, body),
    stranger: `http://127.0.0.1:${strangerPort}`,
    stop: async () => {
      for (const one of [server, stranger]) {
        one.closeAllConnections();
        await new Promise<void>((resolve) => one.close(() => resolve()));
      }
    },
  };
}

/** A browser that keeps no cookie of any site but the page's own. */
export function launchStrict(executablePath: string): Promise<Browser> {
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = ['--disable-gpu', '--no-first-run', '--test-third-party-cookie-phaseout', ...root];
  return chromium.launch({ executablePath, args });
}

export const page = (script: string, main = ''): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>A homepage</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <main><h1>A homepage</h1><p>Words of its own.</p>${main}</main>
    ${script}
  </body>
</html>`;
