/**
 * Whether the object store takes our keys, has the bucket, and refuses to write over what is there when
 * asked to. Called by `bruno doctor --deploy`. It writes one small object under doctor/ and takes
 * it away again.
 */
import { randomUUID } from 'node:crypto';
import type { Secrets } from '../../../core/deployment.ts';
import { type Check, fail, pass, skip } from '../check.ts';

const WITHIN_MS = 15_000;

export async function storeChecks(
  secrets: Secrets | null,
  store: { bucket: string; region: string },
): Promise<Check[]> {
  const endpoint = secrets?.S3_ENDPOINT;
  if (!endpoint) return [skip('object store', 'its address is not known here')];
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client({
    endpoint,
    region: store.region || 'auto',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: secrets.S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: secrets.S3_SECRET_ACCESS_KEY ?? '',
    },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const limit = () => ({ abortSignal: AbortSignal.timeout(WITHIN_MS) });
  const named = { Bucket: store.bucket };
  try {
    await client.send(new s3.HeadBucketCommand(named), limit());
  } catch (thrown) {
    const todo = 'create the bucket, and give S3_ENDPOINT and a key that may read and write it';
    return [fail('object store', `${store.bucket}: ${nameOf(thrown)}`, todo)];
  }
  const there = pass('object store', `${store.bucket} answers`);
  const object = { ...named, Key: `doctor/${randomUUID()}` };
  const write = () =>
    client.send(new s3.PutObjectCommand({ ...object, Body: 'x', IfNoneMatch: '*' }), limit());
  try {
    await write();
    const again = await write().then(
      () => 'written',
      (thrown: unknown) => nameOf(thrown),
    );
    if (again === 'PreconditionFailed')
      return [there, pass('conditional put', 'refuses to replace')];
    const todo = 'use a store that honours If-None-Match on PUT, as R2 and S3 do';
    return [there, fail('conditional put', `a second write was ${again}`, todo)];
  } catch (thrown) {
    return [
      there,
      fail('conditional put', nameOf(thrown), 'give a key that may write, not only read'),
    ];
  } finally {
    await client.send(new s3.DeleteObjectCommand(object), limit()).catch(() => undefined);
  }
}

/** The error's kind only: its message may quote the request with its key. */
const nameOf = (thrown: unknown) => (thrown instanceof Error ? thrown.name : 'it failed');
