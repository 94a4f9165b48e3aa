/**
 * Where datasets and models lie: the embedded bucket, or the S3 server in S3_ENDPOINT. Called by
 * the stack; pure, it contacts nothing.
 */
import { StackError } from './errors.ts';
import type { Secrets } from './secrets.ts';
import { type ObjectStoreKeys, s3Endpoint } from './worker.ts';

export type ObjectStore = {
  readonly endpoint: string;
  readonly region: string;
  readonly keys: ObjectStoreKeys;
  readonly embedded: boolean;
};

const EMBEDDED_BUCKET = 'agent-bruno';
const NEEDED = ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

export const chooseObjectStore = (
  environment: Readonly<Record<string, string | undefined>>,
  secrets: Secrets,
  innerPort: number,
): ObjectStore => {
  const endpoint = environment.S3_ENDPOINT;
  if (endpoint === undefined || endpoint === '') {
    return {
      endpoint: s3Endpoint(innerPort),
      region: 'auto',
      keys: {
        bucket: EMBEDDED_BUCKET,
        accessKeyId: secrets.s3AccessKeyId,
        secretAccessKey: secrets.s3SecretAccessKey,
      },
      embedded: true,
    };
  }
  const missing = NEEDED.filter((name) => !environment[name]);
  if (missing.length > 0 || !URL.canParse(endpoint)) {
    const what = missing.length > 0 ? `${missing.join(', ')} is not set` : 'it is not an address';
    throw new StackError(
      `S3_ENDPOINT is given but ${what}: set S3_ENDPOINT, ${NEEDED.join(', ')} and S3_REGION, or none of them to use the embedded bucket.`,
    );
  }
  return {
    endpoint,
    region: environment.S3_REGION || 'us-east-1',
    keys: {
      bucket: environment.S3_BUCKET ?? '',
      accessKeyId: environment.S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.S3_SECRET_ACCESS_KEY ?? '',
    },
    embedded: false,
  };
};
