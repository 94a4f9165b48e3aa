// A bucket behind S3's protocol, with its conditional writes: the one that the local stack uses.

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

const KEYS = { accessKeyId: 'for-tests-only', secretAccessKey: 'for-tests-only-secret' };
const BUCKET = 'for-tests';

export async function startBucket() {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: '127.0.0.1',
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      workers: [
        {
          name: 'bucket',
          modules: true,
          script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
          compatibilityDate: '2026-10-01',
          r2Buckets: { R2: { id: BUCKET, s3Credentials: KEYS } },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  return {
    config: {
      endpoint: new URL('/cdn-cgi/local/r2/s3', url).href,
      region: 'auto',
      bucket: BUCKET,
      ...KEYS,
    },
    stop: () => miniflare.dispose(),
  };
}
