// The composition root: what Cloudflare calls. Nothing is decided here.

import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { isDeadLetterQueue, keepLetters } from './recorder/dead-letters.ts';
import { record } from './recorder/index.ts';
import { fire } from './scheduled.ts';

export { CurationWorkflow } from '../functions/curation/workflow.ts';
export { KeysObject } from '../functions/keys/keys-object.ts';
export { ExperimentObject } from '../functions/rollout/experiment-object.ts';
export { RoutingObject } from '../functions/rollout/routing-object.ts';
export { SessionObject } from './router/session-object.ts';

const app = createApp();

export default {
  fetch: app.fetch,
  queue: (batch, env) =>
    isDeadLetterQueue(batch.queue) ? keepLetters(batch, env) : record(batch, env),
  scheduled: (controller, env) => fire(controller.cron, controller.scheduledTime, env),
} satisfies ExportedHandler<Env>;
