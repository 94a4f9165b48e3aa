// The object store this Worker was given.

import { ObjectStore } from '../adapters/object-store/index.ts';
import { type Env, settingsOf } from './env.ts';

export function objectStoreOf(env: Env): ObjectStore {
  const settings = settingsOf(env);
  return new ObjectStore({
    endpoint: settings.S3_ENDPOINT,
    region: settings.S3_REGION,
    bucket: settings.S3_BUCKET,
    accessKeyId: settings.S3_ACCESS_KEY_ID,
    secretAccessKey: settings.S3_SECRET_ACCESS_KEY,
  });
}
