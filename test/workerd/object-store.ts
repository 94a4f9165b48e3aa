// An object store for tests that need one: the runtime's own bucket behind its S3 interface, as the
// local stack has it. Empty at the start and gone at the end.

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

const STORE = {
  bucket: 'for-tests',
  accessKeyId: 'for-tests-only',
  secretAccessKey: 'for-tests-only-0123456789',
} as const;

export async function startObjectStore(port: number) {
  const { bucket, ...s3Credentials } = STORE;
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
          r2Buckets: { R2: { id: bucket, s3Credentials } },
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
