/**
 * A script of its own: prints Miniflare's options for wrangler.toml as JSON. Run by the worker
 * build, because importing wrangler costs 1.6 s and 110 MB that a start should not pay.
 */
import { unstable_getMiniflareWorkerOptions } from 'wrangler';

const config = process.argv[2];
if (config === undefined) throw new Error('usage: worker-options.ts WRANGLER_TOML');
const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
// The bundle is already one module: the rules for finding modules no longer apply.
const { modulesRules: _rules, ...options } = workerOptions;
process.stdout.write(JSON.stringify(options));
