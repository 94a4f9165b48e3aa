// A homepage on another origin than the Worker: a tiny server on `localhost`, which to a browser is
// another site than 127.0.0.1. Used by the embedding tests only.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { bundleOf, packageBundles, root } from '../../homepage/bundles.ts';
import { freePort } from '../../local/ports.ts';

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css' };

export interface Elsewhere {
  origin: string;
  /** A third site that wants to be remembered by a cookie. */
  stranger: string;
  /** Puts a page at a path, or one of its scripts or style sheets. */
  put(path: string, body: string | Uint8Array): void;
  stop(): Promise<void>;
}

export async function openElsewhere(): Promise<Elsewhere> {
  const port = await freePort();
  const strangerPort = await freePort();
  const files = new Map<string, string | Uint8Array>();
  const stranger = createServer((_request, response) => {
    response.writeHead(200, { 'set-cookie': 'seen=1; Path=/; SameSite=None; Secure' });
    response.end('');
  });
  await new Promise<void>((resolve) => stranger.listen(strangerPort, '127.0.0.1', resolve));
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const body = files.get(path);
    // As strict as a homepage can be and still use the script tag, or the package in its own bundle.
    const host = files.get('host') ?? '';
    response.writeHead(body === undefined ? 404 : 200, {
      'content-type': `${TYPES[extname(path)] ?? 'text/html'}; charset=utf-8`,
      'content-security-policy': `default-src 'none'; script-src 'self' ${host}; connect-src ${host}; img-src data: http://127.0.0.1:*; style-src 'self'`,
    });
    response.end(body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  return {
    origin: `http://localhost:${port}`,
    put: (path, body) => void files.set(path, body),
    stranger: `http://127.0.0.1:${strangerPort}`,
    stop: async () => {
      for (const one of [server, stranger]) {
        one.closeAllConnections();
        await new Promise<void>((resolve) => one.close(() => resolve()));
      }
    },
  };
}

const FLAGS = [
  '--disable-gpu',
  '--no-first-run',
  // Chrome's own sandbox does not work for root, who runs the tests in a container.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** A browser that keeps no cookie of any site but the page's own. */
export function launchStrict(executablePath: string): Promise<Browser> {
  const args = [...FLAGS, '--test-third-party-cookie-phaseout'];
  return chromium.launch({ executablePath, args });
}

/** A page in a browser whose owner has forbidden every site to keep anything, as its settings can. */
export async function openForbidding(executablePath: string, url: string) {
  const profile = mkdtempSync(join(tmpdir(), 'bruno-forbidding-'));
  mkdirSync(join(profile, 'Default'));
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS });
  const page = await context.newPage();
  await page.goto(url);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { page, close };
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

/** The pages of the tests: the script tag in several ways, the React components, the plain functions. */
export async function furnish(elsewhere: Elsewhere, host: string): Promise<void> {
  const { put } = elsewhere;
  const tag = (attributes: string) => `<script src="${host}/widget.js" ${attributes}></script>`;
  const own = (name: string) =>
    `<link rel="stylesheet" href="/${name}.css" /><script src="/${name}.js" type="module"></script>`;
  const room = `<div id="chat" data-host="${host}"></div>`;
  const inline = 'data-target="#chat" data-ideas="Say hello.|What is a pod?"';
  put('host', host);
  put('/corner', page(tag('data-title="Ask Bruno"')));
  put('/inline', page(tag(`${inline} data-intro="Ask away." data-privacy-url="${host}/"`), room));
  for (const theme of ['dark', 'light']) {
    put(`/${theme}`, page(tag(`${inline} data-theme="${theme}"`), room));
  }
  put('/gone', page(''));
  for (const name of ['drain', 'pdb']) put(`/sources/${name}`, page(''));

  put('/react', page(own('react'), room));
  put('/react.js', await bundleOf({ entryPoints: ['test/browser/pages/own-react.tsx'] }));
  const style = Buffer.from(await bundleOf(packageBundles['style.css'])).toString();
  put('/react.css', `${style}#chat{height:40rem}`);
  put('/latest', page(own('latest'), room));
  put('/latest.js', await bundleOf({ entryPoints: ['test/browser/pages/latest-answer.tsx'] }));
  put('/latest.css', style);
  put('/plain', page(own('plain'), room));
  put(
    '/plain.js',
    await bundleOf({ stdin: { contents: documented(host), resolveDir: root }, alias }),
  );
  put('/plain.css', '');
}

const alias = { 'bruno-homepage/client': join(root, 'homepage/client/index.ts') };

/** The plain functions as docs/homepage.md says to use them, word for word. */
function documented(host: string): string {
  const guide = readFileSync(join(root, 'docs', 'homepage.md'), 'utf8');
  const example = /^## Plain functions$[^#]*?^```js$(?<code>.*?)^```$/ms.exec(guide)?.groups?.code;
  if (example === undefined) throw new Error('docs/homepage.md has no example of plain functions');
  const element = 'const element = document.getElementById("chat");';
  return `${element}${example.replaceAll('http://127.0.0.1:8787', host)}`;
}
