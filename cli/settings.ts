/**
 * Where the stack is, who we are to it and how long a request may take: options first, then the
 * environment, then what the running stack left in its home folder. Called once by `run.ts`.
 * It must not contact anything, and never prints the token.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type AccessHeaders, accessHeaders } from './access.ts';
import { messageOf, OperationError, UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { parseSeconds } from './option-values.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8787';
const DEFAULT_TIME_OUT_SECONDS = 15;

/** Without a value, `missing` says why; only commands that need the token fail for it. */
export type Token = { readonly value: string } | { readonly value: null; readonly missing: string };

export type Settings = {
  readonly home: string;
  readonly url: URL;
  readonly token: Token;
  /** For Cloudflare Access, before a deployed Worker; null without. */
  readonly access: AccessHeaders | null;
  readonly timeOutMs: number;
};

export function resolveSettings(options: ReadonlyMap<string, string | true>, io: Io): Settings {
  const home = resolve(io.env.BRUNO_HOME || join(io.repoRoot, '.bruno'));
  const url = resolveUrl(given(options, 'url'), io, home);
  const access = accessHeaders(io.env, url);
  return {
    home,
    url,
    // The token that a local stack left is for that stack; it does not travel, and where somebody
    // signs in by Access it is not read.
    token: resolveToken(given(options, 'token'), io, access === null ? home : null),
    access,
    timeOutMs:
      parseSeconds('--time-out', given(options, 'time-out'), {
        fallback: DEFAULT_TIME_OUT_SECONDS,
        least: 0.1,
        most: 600,
      }) * 1000,
  };
}

function given(options: ReadonlyMap<string, string | true>, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'string' ? value : undefined;
}

function resolveUrl(option: string | undefined, io: Io, home: string): URL {
  if (option !== undefined) return parseUrl(option, '--url');
  if (io.env.BRUNO_URL) return parseUrl(io.env.BRUNO_URL, 'BRUNO_URL');
  const path = join(home, 'address');
  const address = readIfThere(path);
  if (address === null) return new URL(DEFAULT_URL);
  try {
    return parseUrl(address, path);
  } catch (thrown) {
    // The caller typed nothing wrong: the file is what failed.
    throw new OperationError({ code: 'bad_address', message: messageOf(thrown) }, thrown);
  }
}

function parseUrl(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === null || !isWeb || url.username !== '' || url.password !== '') {
    throw new UsageError(
      `${source} must be an address such as ${DEFAULT_URL} without a user name, not "${text}"`,
    );
  }
  return url;
}

function resolveToken(option: string | undefined, io: Io, home: string | null): Token {
  if (option !== undefined) return checkToken(option, '--token');
  if (io.env.BRUNO_TOKEN) return checkToken(io.env.BRUNO_TOKEN, 'BRUNO_TOKEN');
  if (home === null) return { value: null, missing: 'signed in by Cloudflare Access' };
  const path = join(home, 'operator.token');
  try {
    const stored = readIfThere(path);
    return stored === null
      ? { value: null, missing: `${path} is not there` }
      : checkToken(stored, path);
  } catch (thrown) {
    return { value: null, missing: messageOf(thrown) };
  }
}

function checkToken(text: string, source: string): Token {
  const value = text.trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(value)) {
    throw new UsageError(`${source} must hold one token of printable characters without spaces`);
  }
  return { value };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw new OperationError(
      { code: 'unreadable', message: `Cannot read ${path}: ${messageOf(thrown)}` },
      thrown,
    );
  }
}
