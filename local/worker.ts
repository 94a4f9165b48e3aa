/**
 * Runs the production bundle in Miniflare with everything wrangler.toml binds, on 127.0.0.1.
 * Called by the stack. State lies under the home; traffic has a socket of its own that skips
 * Miniflare's entry Worker, which is two to three times slower.
 */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4ModuleDefinition,
  type V4WorkerOptionsShape,
} from 'miniflare';
import { z } from 'zod';
import { hasCode, StackError } from './errors.ts';
import type { HomePaths } from './home.ts';
import { memoryLimiter } from './limiter-plugin.ts';
import { descendants, forgetProcess, HOME_MARK, isAlive, recordProcess } from './processes.ts';
import type { WorkerBuild } from './worker-build.ts';

const NAME = 'bruno-loop';
const WATCH_EVERY_MS = 1000;
const DISPOSE_WITHIN_MS = 10_000;
const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export type ObjectStoreKeys = {
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

export type WorkerOptions = {
  readonly paths: HomePaths;
  readonly build: WorkerBuild;
  readonly port: number;
  readonly innerPort: number;
  readonly bindings: Readonly<Record<string, string>>;
  /** Serve the embedded bucket over S3, or null when another object store is used. */
  readonly bucket: ObjectStoreKeys | null;
  /** Where V8's inspector listens, which costs time; left out, nowhere. */
  readonly inspectorPort?: number;
};

export type RunningWorker = {
  readonly url: string;
  readonly pid: number;
  readonly died: Promise<string>;
  stop(): Promise<void>;
};

/** Where Miniflare serves the bucket; it adds the bucket's name as the first folder itself. */
export const s3Endpoint = (innerPort: number): string =>
  `http://127.0.0.1:${innerPort}/cdn-cgi/local/r2/s3`;

// The file was written from wrangler's own types by our build; Miniflare checks it field by field.
const shapeSchema = z.custom<V4WorkerOptionsShape>(
  (value) => typeof value === 'object' && value !== null,
);

/** Miniflare's own handlers call process.exit, which would cut off the orderly stop. */
const withoutSignalHandlers = <T>(create: () => T): T => {
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]));
  const created = create();
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      const known = before.get(signal)?.has(listener) ?? false;
      if (!known && listener.name.startsWith('onSignal')) process.off(signal, listener);
    }
  }
  return created;
};

class FileLog extends Log {
  readonly #file: string;

  constructor(file: string) {
    super(LogLevel.WARN);
    this.#file = file;
  }

  protected override log(message: string): void {
    appendFileSync(this.#file, `${message}\n`, { mode: 0o600 });
  }
}

/** The entry first, then what the bundle imports beside itself (texts such as learning.yaml). */
const modulesOf = (bundle: string): V4ModuleDefinition[] => {
  const folder = dirname(bundle);
  const beside = readdirSync(folder).flatMap((name): V4ModuleDefinition[] => {
    const path = join(folder, name);
    const extension = extname(name);
    if (name === basename(bundle) || extension === '.map' || extension === '.md') return [];
    if (extension === '.js' || extension === '.mjs') return [{ type: 'ESModule', path }];
    if (extension === '.wasm') return [{ type: 'CompiledWasm', path }];
    return [{ type: extension === '.bin' ? 'Data' : 'Text', path }];
  });
  return [{ type: 'ESModule', path: bundle }, ...beside];
};

const toOptions = (options: WorkerOptions, log: string) => {
  const { ratelimits = {}, ...shape } = shapeSchema.parse(
    JSON.parse(readFileSync(options.build.options, 'utf8')),
  );
  const { bucket } = options;
  return convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: options.innerPort,
    ...(options.inspectorPort === undefined
      ? {}
      : { inspectorPort: options.inspectorPort, inspectorHost: '127.0.0.1' }),
    resourcePersistencePath: options.paths.miniflare,
    log: new FileLog(log),
    handleStructuredLogs: ({ timestamp, level, message }) => {
      const line = JSON.stringify({ at: new Date(timestamp).toISOString(), level, message });
      appendFileSync(log, `${line}\n`, { mode: 0o600 });
    },
    // Otherwise it asks a public address for a description of this machine's network.
    cf: false,
    telemetry: { enabled: false },
    unsafeRuntimeEnv: { [HOME_MARK]: options.paths.home },
    workers: [
      {
        ...shape,
        name: NAME,
        modulesRoot: dirname(options.build.bundle),
        modules: modulesOf(options.build.bundle),
        bindings: { ...shape.bindings, ...options.bindings },
        unsafeBindings: [
          ...(shape.unsafeBindings ?? []),
          ...Object.entries(ratelimits).map(([name, { simple }]) =>
            memoryLimiter(name, { limit: simple.limit, period: simple.period ?? 60 }),
          ),
        ],
        ...(bucket === null
          ? {}
          : {
              r2Buckets: {
                R2: {
                  id: bucket.bucket,
                  s3Credentials: {
                    accessKeyId: bucket.accessKeyId,
                    secretAccessKey: bucket.secretAccessKey,
                  },
                },
              },
            }),
        unsafeDirectSockets: [{ host: '127.0.0.1', port: options.port }],
      },
    ],
  });
};

const explainStart = (error: unknown, port: number, log: string): StackError => {
  if (hasCode(error, 'ERR_ADDRESS_IN_USE')) {
    const message = `Port ${port} or an inner port was taken while starting: run the same command again, or choose another with PORT=8788.`;
    return new StackError(message, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n').slice(0, 4).join(' | ');
  return new StackError(`The Worker could not start: ${first}. See ${log}.`, { cause: error });
};

export const startWorker = async (options: WorkerOptions): Promise<RunningWorker> => {
  const { paths } = options;
  const log = join(paths.logs, 'worker.log');
  const before = new Set(descendants(process.pid).map((one) => one.pid));
  const miniflare = withoutSignalHandlers(() => new Miniflare(toOptions(options, log)));
  let stopping = false;
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => undefined);
    throw explainStart(error, options.port, log);
  }
  const workerd = descendants(process.pid).find(
    (one) => !before.has(one.pid) && one.command.includes('workerd'),
  );
  if (workerd === undefined)
    throw new StackError(`The Worker runtime is gone already: see ${log}.`);
  recordProcess(paths.pids, 'workerd', workerd.pid);

  let watch: NodeJS.Timeout | undefined;
  const died = new Promise<string>((settle) => {
    watch = setInterval(() => {
      if (stopping || isAlive(workerd)) return;
      clearInterval(watch);
      settle(`The Worker runtime ended by itself: see ${log}, then start again.`);
    }, WATCH_EVERY_MS);
    watch.unref();
  });
  return {
    url: `http://127.0.0.1:${options.port}`,
    pid: workerd.pid,
    died,
    stop: async () => {
      stopping = true;
      clearInterval(watch);
      const late = AbortSignal.timeout(DISPOSE_WITHIN_MS);
      const tooLate = new Promise<void>((settle) => {
        late.addEventListener('abort', () => settle());
      });
      await Promise.race([miniflare.dispose().catch(() => undefined), tooLate]);
      if (isAlive(workerd)) process.kill(workerd.pid, 'SIGKILL');
      forgetProcess(paths.pids, 'workerd');
    },
  };
};
