// The API keys' copy in KV: wide, near, and up to a minute behind. It holds hashes, never secrets, and
// is read only while the keys object is out of reach (adapters/lease).

import { type KeyList, keyListSchema } from '../../core/api-keys.ts';

const KEY = 'api-keys';

export async function writeKeys(kv: KVNamespace, list: KeyList): Promise<void> {
  await kv.put(KEY, JSON.stringify(list));
}

/** Undefined when nothing is stored or what is stored cannot be read. */
export async function readKeys(kv: KVNamespace): Promise<KeyList | undefined> {
  const parsed = keyListSchema.safeParse(await kv.get(KEY, 'json'));
  return parsed.success ? parsed.data : undefined;
}
