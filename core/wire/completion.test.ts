import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { readCompletion, SUPPORTED_PARAMETERS } from './completion.ts';
import { UNSUPPORTED_PARAMETERS } from './completion-unsupported.ts';

const base = { model: 'agent-bruno', messages: [{ role: 'user', content: 'Hello' }] };

function refusal(over: object): { field: string | undefined; reason: string | undefined } {
  try {
    readCompletion({ ...base, ...over });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('invalid_request');
    return { field: error.field, reason: error.reason };
  }
  throw new Error('it was accepted');
}

/** Every parameter of the official client's types, checked by the compiler, with a value that asks for something. */
const EVERY_PARAMETER: { [Name in keyof Required<ChatCompletionCreateParamsBase>]: unknown } = {
  audio: { voice: 'alloy', format: 'mp3' },
  frequency_penalty: 0.5,
  function_call: { name: 'f' },
  functions: [{ name: 'f' }],
  logit_bias: { '50256': -100 },
  logprobs: true,
  max_completion_tokens: 10,
  max_tokens: 10,
  messages: base.messages,
  metadata: { page: 'home' },
  modalities: ['text', 'audio'],
  model: 'agent-bruno',
  moderation: { model: 'm' },
  n: 2,
  parallel_tool_calls: 'maybe',
  prediction: { type: 'content', content: 'x' },
  presence_penalty: -0.5,
  prompt_cache_key: 'k',
  prompt_cache_options: { mode: 'explicit' },
  prompt_cache_retention: '24h',
  reasoning_effort: 'high',
  response_format: { type: 'json_object' },
  safety_identifier: 's',
  seed: 7,
  service_tier: 'priority',
  stop: ['\n'],
  store: true,
  stream: true,
  stream_options: { include_usage: true },
  temperature: 1,
  tool_choice: 'required',
  tools: [{ type: 'function', function: { name: 'f' } }],
  top_logprobs: 3,
  top_p: 0.5,
  user: 'u',
  verbosity: 'low',
  web_search_options: {},
};

describe.each(Object.entries(EVERY_PARAMETER))('%s', (name, value) => {
  if (SUPPORTED_PARAMETERS.includes(name)) {
    test('is accepted', () => {
      const stream = name === 'stream_options' ? { stream: true } : {};
      expect(readCompletion({ ...base, ...stream, [name]: value }).model).toBe('agent-bruno');
    });
  } else {
    test('is refused by its name', () => {
      expect(refusal({ [name]: value })).toEqual({ field: name, reason: 'unsupported_parameter' });
    });
    test('is accepted where it asks for nothing', () => {
      for (const harmless of [null, ...(UNSUPPORTED_PARAMETERS[name] ?? [])]) {
        expect(readCompletion({ ...base, [name]: harmless }).messages).toHaveLength(1);
      }
    });
  }
});

test.each([
  [{ no_such_field: 1 }, 'no_such_field', 'unknown_parameter'],
  [{ model: undefined }, 'model', 'missing_required_parameter'],
  [{ messages: undefined }, 'messages', 'missing_required_parameter'],
  [{ messages: 'Hello' }, 'messages', 'invalid_type'],
  [{ messages: [] }, 'messages', 'invalid_value'],
  [{ temperature: 2.1 }, 'temperature', 'invalid_value'],
  [{ temperature: 'hot' }, 'temperature', 'invalid_type'],
  [{ top_p: -0.1 }, 'top_p', 'invalid_value'],
  [{ max_tokens: 0 }, 'max_tokens', 'invalid_value'],
  [{ max_tokens: 1.5 }, 'max_tokens', 'invalid_type'],
  [{ max_tokens: 1, max_completion_tokens: 1 }, 'max_tokens', 'invalid_value'],
  [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop', 'invalid_value'],
  [{ stop: [''] }, 'stop[0]', 'invalid_value'],
  [{ seed: 'x' }, 'seed', 'invalid_type'],
  [{ user: 'a\u0000b' }, 'user', 'invalid_value'],
  [{ metadata: { page: 1 } }, 'metadata.page', 'invalid_type'],
  [
    { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
    'metadata',
    'invalid_value',
  ],
  [{ stream_options: { include_usage: true } }, 'stream_options', 'invalid_value'],
  [
    { stream: true, stream_options: { include_obfuscation: true } },
    'stream_options.include_obfuscation',
    'invalid_value',
  ],
  [{ sources: [{ id: '1' }] }, 'sources[0].title', 'missing_required_parameter'],
])('%j is refused: %s, %s', (over, field, reason) => {
  expect(refusal(over)).toEqual({ field, reason });
});

const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
test.each([
  [{ role: 'tool', content: 'x', tool_call_id: 'c' }, '.tool_call_id', 'unsupported_parameter'],
  [{ role: 'tool', content: 'x' }, '.role', 'invalid_value'],
  [{ content: 'x' }, '.role', 'missing_required_parameter'],
  [{ role: 'user' }, '.content', 'missing_required_parameter'],
  [{ role: 'user', content: 7 }, '.content', 'invalid_type'],
  [{ role: 'user', content: '' }, '.content', 'invalid_value'],
  [{ role: 'user', content: [] }, '.content', 'invalid_value'],
  [{ role: 'user', content: [{ type: 'text', text: '' }] }, '.content', 'invalid_value'],
  [{ role: 'user', content: 'half \ud800' }, '.content', 'invalid_value'],
  [
    { role: 'user', content: [{ type: 'text', text: 'x' }, image] },
    '.content[1].type',
    'invalid_value',
  ],
  [{ role: 'user', content: [{ type: 'input_audio' }] }, '.content[0].type', 'invalid_value'],
  [{ role: 'user', content: 'x', name: 'Ann' }, '.name', 'unsupported_parameter'],
  [
    { role: 'assistant', content: 'x', tool_calls: [{ id: '1' }] },
    '.tool_calls',
    'unsupported_parameter',
  ],
  [{ role: 'user', content: 'x', colour: 1 }, '.colour', 'unknown_parameter'],
  [{ role: 'assistant', content: 'x' }, '.role', 'invalid_value'],
])('the message %j is refused: %s, %s', (message, field, reason) => {
  expect(refusal({ messages: [message] })).toEqual({ field: `messages[0]${field}`, reason });
});

test.each([[null], [[]], ['text'], [7]])('the body %j is refused as no object', (body) => {
  expect(() => readCompletion(body)).toThrow('must be a JSON object');
});

test('roles, parts and an answer of ours sent back as it came are read', () => {
  const { messages } = readCompletion({
    ...base,
    messages: [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hel' },
          { type: 'text', text: 'lo' },
        ],
      },
      {
        role: 'assistant',
        content: 'Hi.',
        refusal: null,
        annotations: [],
        audio: null,
        function_call: null,
        tool_calls: null,
      },
      { role: 'user', content: 'More' },
    ],
  });
  expect(messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi.' },
    { role: 'user', content: 'More' },
  ]);
});

test('null is the same as absent, and both names of the answer\u2019s limit are read', () => {
  const nothing = { temperature: null, top_p: null, stop: null, seed: null, stream: null };
  expect(readCompletion({ ...base, ...nothing, max_tokens: 5 })).toMatchObject({
    stream: false,
    includeUsage: false,
    maxTokens: 5,
    stop: [],
  });
  expect(readCompletion({ ...base, max_completion_tokens: 6, stop: 'x' })).toMatchObject({
    maxTokens: 6,
    stop: ['x'],
  });
});
