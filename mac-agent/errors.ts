/**
 * The one error class of the agent: a code for machines, a sentence for people, and whether trying
 * again may help. Thrown by every part; the job runner reports it, the gateway answers it.
 */
export class AgentError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The attempt belongs to another holder now, or to nobody: stop, and report nothing more. */
export class StaleLeaseError extends AgentError {
  constructor(message: string) {
    super('stale', message);
    this.name = 'StaleLeaseError';
  }
}
