// Any S3: datasets and models, immutable once written (an erasure deletes what it replaced), and the presigned addresses that agents get
// for one job. Every call has a time-out.

import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { AppError } from '../../core/errors.ts';
import { hexOf } from '../../core/ids.ts';

const CALL_TIMEOUT_MS = 30_000;
const SMALL_TIMEOUT_MS = 10_000;
/** What S3 answers when a condition does not hold, or two conditional writes met. */
const LOST_RACE: ReadonlySet<string> = new Set([
  'PreconditionFailed',
  'ConditionalRequestConflict',
]);

export interface ObjectStoreConfig {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface StoredObject {
  sha256: string;
  bytes: number;
}

export class ObjectStore {
  private readonly client: S3Client;
  private readonly bucket: string;

  constructor(config: ObjectStoreConfig) {
    this.bucket = config.bucket;
    this.client = new S3Client({
      endpoint: config.endpoint,
      region: config.region,
      forcePathStyle: true,
      credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** Returns the hash of what was written. Writing the same again is harmless. */
  async put(key: string, text: string, contentType: string): Promise<StoredObject> {
    const body = new TextEncoder().encode(text);
    await this.attempt('put', () =>
      this.client.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: body,
          ContentType: contentType,
        }),
        { abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) },
      ),
    );
    return { sha256: await sha256(body), bytes: body.byteLength };
  }

  /** The text with the tag that `putIf` takes, or undefined where there is no such object. */
  async read(key: string): Promise<{ text: string; etag: string } | undefined> {
    try {
      const found = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key }),
        { abortSignal: AbortSignal.timeout(SMALL_TIMEOUT_MS) },
      );
      const text = (await found.Body?.transformToString('utf-8')) ?? '';
      return { text, etag: found.ETag ?? '' };
    } catch (error) {
      if (error instanceof Error && ['NoSuchKey', 'NotFound'].includes(error.name)) {
        return undefined;
      }
      throw unavailable('get', error);
    }
  }

  /**
   * Writes only if the object is still the one with that tag; undefined: only if there is none.
   * False when somebody else was first.
   */
  async putIf(key: string, text: string, etag: string | undefined): Promise<boolean> {
    try {
      await this.client.send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: new TextEncoder().encode(text),
          ContentType: 'application/json',
          ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
        }),
        { abortSignal: AbortSignal.timeout(SMALL_TIMEOUT_MS) },
      );
      return true;
    } catch (error) {
      if (error instanceof Error && LOST_RACE.has(error.name)) return false;
      throw unavailable('put', error);
    }
  }

  async text(key: string): Promise<string> {
    return this.attempt('get', async () => {
      const found = await this.client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key }),
        { abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) },
      );
      return (await found.Body?.transformToString('utf-8')) ?? '';
    });
  }

  /** Undefined where there is no such object. */
  async find(key: string): Promise<string | undefined> {
    try {
      return await this.text(key);
    } catch (error) {
      const cause = error instanceof AppError ? error.cause : undefined;
      if (cause instanceof Error && ['NoSuchKey', 'NotFound'].includes(cause.name))
        return undefined;
      throw error;
    }
  }

  /** Deleting what is not there is harmless. */
  async remove(key: string): Promise<void> {
    await this.attempt('delete', () =>
      this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }), {
        abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      }),
    );
  }

  /** Size in bytes, or undefined where there is no such object. */
  async size(key: string): Promise<number | undefined> {
    try {
      const head = await this.client.send(
        new HeadObjectCommand({ Bucket: this.bucket, Key: key }),
        { abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) },
      );
      return head.ContentLength;
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFound') return undefined;
      throw unavailable('head', error);
    }
  }

  async reachable(): Promise<boolean> {
    try {
      await this.client.send(new HeadBucketCommand({ Bucket: this.bucket }), {
        abortSignal: AbortSignal.timeout(3_000),
      });
      return true;
    } catch {
      return false;
    }
  }

  presignGet(key: string, seconds: number): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: key });
    return getSignedUrl(this.client, command, { expiresIn: seconds });
  }

  presignPut(key: string, seconds: number): Promise<string> {
    const command = new PutObjectCommand({ Bucket: this.bucket, Key: key });
    return getSignedUrl(this.client, command, { expiresIn: seconds });
  }

  private async attempt<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw unavailable(what, error);
    }
  }
}

function unavailable(what: string, cause: unknown): AppError {
  return new AppError('dependency_unavailable', 'The object store cannot be reached right now.', {
    internalMessage: `object store ${what}: ${cause instanceof Error ? cause.name : 'failed'}`,
    retryAfterSeconds: 5,
    cause,
  });
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return hexOf(digest);
}
