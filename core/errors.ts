// One error class for what can go wrong, and one table from its code to an HTTP status.
// Thrown anywhere in the Worker, answered once by the app's onError. `message` is for the
// caller and names no prompt, token or SQL parameter; `internalMessage` is for the log.

const STATUS = {
  invalid_json: 400,
  invalid_request: 400,
  unauthorized: 401,
  token_invalid: 401,
  token_expired: 401,
  forbidden: 403,
  insufficient_scope: 403,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  stale_holder: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  model_unavailable: 503,
  dependency_unavailable: 503,
} as const;

export type ErrorCode = keyof typeof STATUS;
const isCode = (text: string): text is ErrorCode => Object.hasOwn(STATUS, text);
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(STATUS).filter(isCode);
export type ErrorStatus = (typeof STATUS)[ErrorCode];

export interface ErrorBody {
  error: { code: ErrorCode; message: string; details?: string[] };
}

interface AppErrorOptions {
  details?: string[];
  /** The field at fault and a finer code than ours: told where OpenAI's shape has room for them. */
  field?: string;
  reason?: string;
  internalMessage?: string;
  retryAfterSeconds?: number;
  cause?: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: ErrorStatus;
  readonly details: string[] | undefined;
  readonly field: string | undefined;
  readonly reason: string | undefined;
  readonly internalMessage: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = STATUS[code];
    this.details = options.details;
    this.field = options.field;
    this.reason = options.reason;
    this.internalMessage = options.internalMessage;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  toBody(): ErrorBody {
    const error: ErrorBody['error'] = { code: this.code, message: this.message };
    if (this.details) error.details = this.details;
    return { error };
  }
}

export const statusOf = (code: ErrorCode): ErrorStatus => STATUS[code];
