/**
 * One JSON line a log entry, on stderr. Every part of the agent uses it.
 * It must not be given prompts, answers, tokens or presigned addresses: a log is read by more people.
 */
export type LogFields = { readonly [key: string]: string | number | boolean | null | undefined };

export type Log = (level: 'info' | 'warn' | 'error', message: string, fields?: LogFields) => void;

export const stderrLog: Log = (level, message, fields = {}) => {
  const entry = { at: new Date().toISOString(), level, message, ...fields };
  process.stderr.write(`${JSON.stringify(entry)}\n`);
};

/** The sentence of an unknown error, for logs and for the edge; never its stack. */
export const sentenceOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
};
