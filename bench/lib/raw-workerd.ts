// The production bundle in the bare runtime: the workerd that Miniflare brings, with a configuration
// made here and the stand-ins beside this file. What it costs is the bundle's own cost.

import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { repoRoot } from '../../local/home.ts';
import { freePort } from '../../local/ports.ts';
import { ensureWorkerBuild } from '../../local/worker-build.ts';
import { benchRoot, type Child, startProcess, waitForHttp } from './children.ts';
import { BASE, tableWithExperiment, YOUNG_TAKE_PART } from './experiment.ts';

export interface RawWorkerd {
  port: number;
  inspectorPort: number | undefined;
  pid: number;
  /** Events that its queue has taken so far. */
  queued(): Promise<number>;
  stop(): Promise<void>;
}

const quoted = (text: string) => JSON.stringify(text);

const settings = (upstreamPort: number): Record<string, string> => ({
  ENVIRONMENT: 'production',
  MODEL_NAME: 'agent-bruno',
  BASE_MODEL: BASE,
  MODEL_SERVER_URL: `http://127.0.0.1:${upstreamPort}`,
  DATABASE_URL: 'postgres://unused:unused@127.0.0.1:9/unused',
  S3_ENDPOINT: 'http://127.0.0.1:9',
  S3_BUCKET: 'unused',
  S3_REGION: 'auto',
  S3_ACCESS_KEY_ID: 'unused',
  S3_SECRET_ACCESS_KEY: 'unused',
  GATEWAY_TOKEN: randomBytes(24).toString('base64url'),
  AGENT_TOKEN: randomBytes(24).toString('base64url'),
  TOKEN_KEYS: JSON.stringify({
    current: 'k1',
    keys: { k1: randomBytes(32).toString('base64url') },
  }),
  ALLOWED_ORIGINS: 'https://homepage.example',
  LEARNING_OVERRIDES: YOUNG_TAKE_PART,
});

/** The limits of wrangler.toml's local environment: high, but counted. */
const LIMITERS = ['CHAT_LIMIT', 'FEEDBACK_LIMIT', 'NETWORK_LIMIT', 'IDENTITY_LIMIT'];
const LIMIT = 100_000;

interface Ports {
  http: number;
  probe: number;
  upstream: number;
}

function configuration(modules: readonly string[], ports: Ports): string {
  const moduleList = modules.map((name) =>
    name.endsWith('.js')
      ? `(name = ${quoted(name)}, esModule = embed ${quoted(name)})`
      : `(name = ${quoted(name)}, text = embed ${quoted(name)})`,
  );
  const texts = Object.entries(settings(ports.upstream)).map(
    ([name, value]) => `(name = ${quoted(name)}, text = ${quoted(value)})`,
  );
  const limiters = LIMITERS.map(
    (name) =>
      `(name = ${quoted(name)}, wrapped = (moduleName = "bench:limiter", innerBindings = [(name = "limit", json = "${LIMIT}"), (name = "period", json = "60")]))`,
  );
  const standIn = (entrypoint: string) => `(name = "stand-ins", entrypoint = "${entrypoint}")`;
  const objects = [
    ['ROUTING', 'RoutingStandIn'],
    ['SESSIONS', 'SessionStandIn'],
  ].map(
    ([name, className]) =>
      `(name = "${name}", durableObjectNamespace = (className = "${className}", serviceName = "stand-ins"))`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["private", "public"])),
    (name = "bruno", worker = (
      modules = [${moduleList.join(', ')}],
      compatibilityDate = "2026-10-01",
      compatibilityFlags = ["nodejs_compat", "enable_request_signal"],
      bindings = [
        ${[...texts, ...limiters, ...objects].join(',\n        ')},
        (name = "ROUTING_KV", kvNamespace = ${standIn('kv')}),
        (name = "EVENTS", queue = ${standIn('queue')}),
        (name = "DEAD_LETTERS", queue = ${standIn('queue')})
      ]
    )),
    (name = "stand-ins", worker = (
      modules = [
        (name = "services.js", esModule = embed "services.js"),
        (name = "table.json", json = embed "table.json")
      ],
      compatibilityDate = "2026-10-01",
      durableObjectNamespaces = [
        (className = "RoutingStandIn", uniqueKey = "routing-stand-in"),
        (className = "SessionStandIn", uniqueKey = "session-stand-in")
      ],
      durableObjectStorage = (inMemory = void)
    ))
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${ports.http}", http = (), service = "bruno"),
    (name = "probe", address = "127.0.0.1:${ports.probe}", http = (), service = "stand-ins")
  ],
  extensions = [(modules = [(name = "bench:limiter", internal = true, esModule = embed "limiter.mjs")])]
);
`;
}

const countSchema = z.object({ queued: z.int() });

export async function startRawWorkerd(options: {
  upstreamPort: number;
  inspector?: boolean;
}): Promise<RawWorkerd> {
  const build = await ensureWorkerBuild({
    root: repoRoot,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
  const folder = mkdtempSync(join(tmpdir(), 'bruno-bench-workerd-'));
  const bundle = dirname(build.bundle);
  const parts = readdirSync(bundle).filter((name) => !/\.(map|md)$/.test(name));
  for (const name of parts) copyFileSync(join(bundle, name), join(folder, name));
  copyFileSync(join(benchRoot, 'lib', 'stand-ins', 'services.js'), join(folder, 'services.js'));
  copyFileSync(join(repoRoot, 'local', 'limiter.mjs'), join(folder, 'limiter.mjs'));
  const table = JSON.stringify(tableWithExperiment(Date.now()));
  writeFileSync(join(folder, 'table.json'), table);
  const port = await freePort();
  const probe = await freePort(new Set([port]));
  const inspectorPort = options.inspector ? await freePort(new Set([port, probe])) : undefined;
  const entryFirst = parts.toSorted((a, b) => Number(b === 'index.js') - Number(a === 'index.js'));
  const ports = { http: port, probe, upstream: options.upstreamPort };
  writeFileSync(join(folder, 'config.capnp'), configuration(entryFirst, ports), { mode: 0o600 });
  const child: Child = startProcess(
    join(repoRoot, 'node_modules', '.bin', 'workerd'),
    [
      'serve',
      ...(inspectorPort === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspectorPort}`]),
      join(folder, 'config.capnp'),
    ],
    { name: 'workerd', cwd: folder, log: openSync(join(folder, 'workerd.log'), 'a', 0o600) },
  );
  await waitForHttp(`http://127.0.0.1:${port}/healthz`);
  return {
    port,
    inspectorPort,
    pid: child.pid,
    queued: async () => {
      const response = await fetch(`http://127.0.0.1:${probe}/`, {
        signal: AbortSignal.timeout(5_000),
      });
      return countSchema.parse(await response.json()).queued;
    },
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
