import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadChecked, packCheckpoint, restoreCheckpoint, upload } from './transfer.ts';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

let folder: string;
let store: Map<string, Buffer>;
let lengths: (string | undefined)[];
let asked: number;
let http: Server;
let origin: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bruno-transfer-'));
  store = new Map();
  lengths = [];
  asked = 0;
  http = createServer(async (request, response) => {
    asked += 1;
    const key = request.url ?? '';
    if (request.method === 'PUT') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(Buffer.from(part));
      lengths.push(request.headers['content-length']);
      store.set(key, Buffer.concat(parts));
      response.end();
      return;
    }
    const found = store.get(key);
    response.writeHead(found ? 200 : 404);
    response.end(found);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});

afterEach(() => {
  http.closeAllConnections();
  http.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a file is fetched once, and not again while its content is right', async () => {
  store.set('/a', Buffer.from('hello'));
  const wanted = { url: `${origin}/a`, sha256: sha('hello'), bytes: 5 };
  const path = join(folder, 'sub', 'a.txt');
  await downloadChecked(wanted, path);
  await downloadChecked(wanted, path);
  expect(readFileSync(path, 'utf8')).toBe('hello');
  expect(asked).toBe(1);
});

test('a file with another content is refused, and nothing is left of it', async () => {
  store.set('/a', Buffer.from('jello'));
  const wanted = { url: `${origin}/a`, sha256: sha('hello'), bytes: 5 };
  await expect(downloadChecked(wanted, join(folder, 'a.txt'))).rejects.toMatchObject({
    code: 'sha256_mismatch',
  });
  expect(readdirSync(folder)).toEqual([]);
  expect(asked).toBe(1);
});

test('a file that is not in the store is not asked for again', async () => {
  const wanted = { url: `${origin}/none`, sha256: sha(''), bytes: 0 };
  await expect(downloadChecked(wanted, join(folder, 'a.txt'))).rejects.toMatchObject({
    code: 'download_failed',
    retryable: false,
  });
  expect(asked).toBe(1);
});

test('a checkpoint comes back as it was stored, with a known length on the way', async () => {
  const name = '0-sft-0000200.safetensors';
  mkdirSync(join(folder, 'checkpoints'));
  writeFileSync(join(folder, 'checkpoints', name), 'weights');
  writeFileSync(join(folder, 'checkpoints', 'other'), 'x');
  const tar = join(folder, 'c.tar');
  await packCheckpoint(folder, join(folder, 'checkpoints', name), tar);
  await upload(`${origin}/c`, tar);
  expect(Number(lengths[0])).toBeGreaterThan(0);
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  await restoreCheckpoint(`${origin}/c`, fresh);
  expect(readFileSync(join(fresh, 'checkpoints', name), 'utf8')).toBe('weights');
  expect(readdirSync(fresh)).toEqual(['checkpoints']);
  expect(readdirSync(join(fresh, 'checkpoints'))).toEqual([name]);
});

test('an archive with anything else than a checkpoint in it is not unpacked', async () => {
  mkdirSync(join(folder, 'checkpoints'));
  writeFileSync(join(folder, 'checkpoints', 'run.sh'), 'x');
  const tar = join(folder, 'c.tar');
  await packCheckpoint(folder, 'run.sh', tar);
  await upload(`${origin}/c`, tar);
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  await expect(restoreCheckpoint(`${origin}/c`, fresh)).rejects.toMatchObject({
    code: 'bad_checkpoint',
  });
  expect(readdirSync(fresh)).toEqual([]);
});
