// What OpenAI defines for a chat completion and this service does not do. It is refused by its name,
// never ignored; a value that asks for nothing (null, n: 1, no tools) is taken as if it were absent.

import { AppError } from '../errors.ts';

/** Each unsupported parameter with the values that ask for nothing. */
export const UNSUPPORTED_PARAMETERS: Readonly<Record<string, readonly unknown[]>> = {
  audio: [],
  frequency_penalty: [0],
  function_call: ['none', 'auto'],
  functions: [[]],
  logit_bias: [{}],
  logprobs: [false],
  modalities: [['text']],
  moderation: [],
  n: [1],
  parallel_tool_calls: [true, false],
  prediction: [],
  presence_penalty: [0],
  prompt_cache_key: [],
  prompt_cache_options: [],
  prompt_cache_retention: [],
  reasoning_effort: ['none'],
  response_format: [{ type: 'text' }],
  safety_identifier: [],
  service_tier: ['auto', 'default'],
  store: [false],
  tool_choice: ['none', 'auto'],
  tools: [[]],
  top_logprobs: [0],
  verbosity: [],
  web_search_options: [],
};

/** The same for the fields of a message. An answer of ours sent back as it came is accepted. */
export const UNSUPPORTED_MESSAGE_FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  annotations: [[]],
  audio: [],
  function_call: [],
  name: [],
  refusal: [],
  tool_call_id: [],
  tool_calls: [[]],
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields without those that ask for nothing. Throws AppError invalid_request that names the first
 * unsupported one; `prefix` is where they stand in the request.
 */
export function withoutUnsupported(
  fields: Fields,
  unsupported: Readonly<Record<string, readonly unknown[]>>,
  prefix = '',
): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => {
      if (value === null) return false;
      const harmless = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
      if (harmless === undefined) return true;
      const given = JSON.stringify(value);
      if (harmless.some((one) => JSON.stringify(one) === given)) return false;
      throw unsupportedError(`${prefix}${name}`, harmless);
    }),
  );
}

function unsupportedError(field: string, harmless: readonly unknown[]): AppError {
  const except = harmless.map((one) => JSON.stringify(one)).join(' or ');
  const advice = except === '' ? 'leave it out' : `leave it out or send ${except}`;
  return new AppError(
    'invalid_request',
    `Unsupported parameter: '${field}' is not supported by this service; ${advice}.`,
    { field, reason: 'unsupported_parameter' },
  );
}
