// Errors as OpenAI's clients read them: { error: { message, type, param, code } }. Only what lies under
// /v1 answers so; everything else keeps its own shape. `code` is OpenAI's where it has one for the case.

import { z } from 'zod';
import type { AppError, ErrorCode } from '../errors.ts';

const typeSchema = z.enum([
  'invalid_request_error',
  'request_forbidden',
  'rate_limit_error',
  'server_error',
]);
type OpenAiErrorType = z.infer<typeof typeSchema>;

export const openAiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: typeSchema,
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
export type OpenAiErrorBody = z.infer<typeof openAiErrorSchema>;

const AS_OPENAI: Record<ErrorCode, { type: OpenAiErrorType; code: string | null }> = {
  invalid_json: { type: 'invalid_request_error', code: 'invalid_json' },
  invalid_request: { type: 'invalid_request_error', code: null },
  unauthorized: { type: 'invalid_request_error', code: 'invalid_api_key' },
  token_invalid: { type: 'invalid_request_error', code: 'invalid_api_key' },
  token_expired: { type: 'invalid_request_error', code: 'invalid_api_key' },
  forbidden: { type: 'request_forbidden', code: 'forbidden' },
  insufficient_scope: { type: 'invalid_request_error', code: 'missing_scope' },
  origin_not_allowed: { type: 'request_forbidden', code: 'origin_not_allowed' },
  not_found: { type: 'invalid_request_error', code: null },
  method_not_allowed: { type: 'invalid_request_error', code: 'method_not_supported' },
  conflict: { type: 'invalid_request_error', code: 'conflict' },
  stale_holder: { type: 'invalid_request_error', code: 'conflict' },
  body_too_large: { type: 'invalid_request_error', code: 'request_too_large' },
  unsupported_media_type: { type: 'invalid_request_error', code: 'unsupported_media_type' },
  rate_limited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  model_unavailable: { type: 'server_error', code: 'model_unavailable' },
  dependency_unavailable: { type: 'server_error', code: 'dependency_unavailable' },
};

export function openAiError(error: AppError): OpenAiErrorBody {
  const { type, code } = AS_OPENAI[error.code];
  return {
    error: {
      message: error.message,
      type,
      param: error.field ?? null,
      code: error.reason ?? code,
    },
  };
}

/** Whether a path belongs to the OpenAI-compatible part. */
export const isOpenAiPath = (path: string): boolean => path === '/v1' || path.startsWith('/v1/');
