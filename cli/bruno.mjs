#!/usr/bin/env node
/** The installed `bruno` command: the same as `npm run bruno --`. */
process.argv.splice(2, 0, 'bruno');
await import('../local/bootstrap.mjs');
