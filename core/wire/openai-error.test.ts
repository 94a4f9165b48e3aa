import { expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { isOpenAiPath, openAiError } from './openai-error.ts';

test('a field and a finer reason become param and code, and nothing internal goes out', () => {
  const error = new AppError('invalid_request', 'No.', {
    field: 'tools',
    reason: 'unsupported_parameter',
    details: ['ours alone'],
    internalMessage: 'for the log',
  });
  expect(openAiError(error)).toEqual({
    error: {
      message: 'No.',
      type: 'invalid_request_error',
      param: 'tools',
      code: 'unsupported_parameter',
    },
  });
});

test.each([
  ['token_expired', 'invalid_request_error', 'invalid_api_key'],
  ['origin_not_allowed', 'request_forbidden', 'origin_not_allowed'],
  ['rate_limited', 'rate_limit_error', 'rate_limit_exceeded'],
  ['model_unavailable', 'server_error', 'model_unavailable'],
  ['not_found', 'invalid_request_error', null],
] as const)('%s is a %s', (ours, type, code) => {
  expect(openAiError(new AppError(ours, 'x')).error).toEqual({
    message: 'x',
    type,
    param: null,
    code,
  });
});

test.each([
  ['/v1', true],
  ['/v1/models', true],
  ['/v10/models', false],
  ['/api/chat', false],
])('%s: %s', (path, expected) => {
  expect(isOpenAiPath(path)).toBe(expected);
});
