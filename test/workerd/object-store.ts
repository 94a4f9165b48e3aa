// An object store for tests that need one: the runtime's own bucket behind its S3 interface, as the
// local stack has it. Empty at the start and gone at the end.

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { BUCKET, KEYS } from './store-keys.ts';

export async function startObjectStore(port: number) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port,
      cf: false,
      telemetry: { enabled: false },
      workers: [
        {
          name: 'object-store',
          modules: true,
          compatibilityDate: '2026-10-01',
          script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
          r2Buckets: { R2: { id: BUCKET, s3Credentials: KEYS } },
        },
      ],
    }),
  );
  await miniflare.ready;
  return {
    url: `http://127.0.0.1:${port}/cdn-cgi/local/r2/s3`,
    stop: () => miniflare.dispose(),
  };
}
