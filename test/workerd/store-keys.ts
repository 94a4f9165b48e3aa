// Bucket and keys of the tests' object store, for who starts it and for who uses it.

export const BUCKET = 'for-tests';
export const KEYS = {
  accessKeyId: 'for-tests-only',
  secretAccessKey: 'for-tests-only-0123456789',
} as const;
