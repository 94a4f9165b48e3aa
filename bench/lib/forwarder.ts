// A workerd that only forwards (stand-ins/forward.js), in a process of its own.

import { copyFileSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../../local/home.ts';
import { freePort } from '../../local/ports.ts';
import { benchRoot, startProcess, waitForHttp } from './children.ts';

const configuration = (port: number, upstreamPort: number) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["private", "public"])),
    (name = "forward", worker = (
      modules = [(name = "forward.js", esModule = embed "forward.js")],
      compatibilityDate = "2026-10-01",
      compatibilityFlags = ["nodejs_compat", "enable_request_signal"],
      bindings = [(name = "MODEL_SERVER_URL", text = "http://127.0.0.1:${upstreamPort}")]
    ))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "forward")]
);
`;

export async function startForwarder(upstreamPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'bruno-bench-forward-'));
  const port = await freePort();
  copyFileSync(join(benchRoot, 'lib/stand-ins/forward.js'), join(folder, 'forward.js'));
  writeFileSync(join(folder, 'config.capnp'), configuration(port, upstreamPort), { mode: 0o600 });
  const child = startProcess(
    join(repoRoot, 'node_modules', '.bin', 'workerd'),
    ['serve', join(folder, 'config.capnp')],
    { name: 'the forwarder', cwd: folder, log: openSync(join(folder, 'log'), 'a', 0o600) },
  );
  await waitForHttp(`http://127.0.0.1:${port}/`);
  return {
    port,
    pid: child.pid,
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
