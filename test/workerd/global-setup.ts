// Starts the services that the tests inside workerd talk to, and ends them afterwards.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { z } from 'zod';

const servicesSchema = z.object({
  databaseUrl: z.string(),
  databaseProxy: z.string(),
  modelServerUrl: z.string(),
  promtoolUrl: z.string(),
  objectStoreUrl: z.string(),
});

declare module 'vitest' {
  interface ProvidedContext extends z.infer<typeof servicesSchema> {}
}

export default async function setup(project: TestProject) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'services.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    exited.then(([code]) => Promise.reject(new Error(`the test services ended with ${code}`))),
  ]);
  const services = servicesSchema.parse(JSON.parse(first));
  project.provide('databaseUrl', services.databaseUrl);
  project.provide('databaseProxy', services.databaseProxy);
  project.provide('modelServerUrl', services.modelServerUrl);
  project.provide('promtoolUrl', services.promtoolUrl);
  project.provide('objectStoreUrl', services.objectStoreUrl);
  return async () => {
    child.stdin.end();
    await exited;
  };
}
