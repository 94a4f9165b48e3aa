// The object store of the tests that need one, as the Worker sees it, and everything that lies in it.

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import { ObjectStore } from '../../adapters/object-store/index.ts';

const { bucket, ...connection } = inject('bucket');

export const store = new ObjectStore({ bucket, ...connection });

const client = new S3Client({ ...connection, forcePathStyle: true, credentials: connection });

/** Every object with its text. */
export async function allObjects(): Promise<Map<string, string>> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  return new Map(await Promise.all(keys.map(async (key) => [key, await store.text(key)] as const)));
}
