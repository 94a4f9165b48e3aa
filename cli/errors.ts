/**
 * The two ways a command ends badly: it was misused (exit 2) or what it asked for failed (exit 1).
 * Every room of the command line throws these; only `run.ts` turns them into text and exit codes.
 * Neither message may carry a token.
 */

/** The words were wrong; nothing was sent. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

export type Failure = {
  /** The server's own code where it gave one, else ours (`unreachable`, `timed_out`, …). */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly details?: unknown;
};

/** The words were right, the operation failed. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? {} : { cause });
    this.failure = failure;
  }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
