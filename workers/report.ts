// A failure nobody is told of otherwise, as one line of JSON for whoever reads the log.

import { AppError } from '../core/errors.ts';

/** `about`: ids and names, never what anybody wrote. The cause's own message may quote it, and stays out. */
export function report(code: string, cause: unknown, about: Readonly<Record<string, string>> = {}) {
  const detail =
    cause instanceof AppError
      ? (cause.internalMessage ?? cause.code)
      : cause instanceof Error
        ? cause.name
        : 'failed';
  console.error(JSON.stringify({ level: 'error', code, ...about, detail }));
}
