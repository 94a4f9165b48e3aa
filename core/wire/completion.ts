// The body of POST /v1/chat/completions, read as OpenAI defines it: its names, its ranges, its way of
// saying which parameter is at fault. What it defines and we do not do is completion-unsupported.ts's.

import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { ChatMessage } from './chat.ts';
import {
  UNSUPPORTED_MESSAGE_FIELDS,
  UNSUPPORTED_PARAMETERS,
  withoutUnsupported,
} from './completion-unsupported.ts';
import { isStorable, LIMITS, type Source, sourcesSchema } from './shared.ts';

const MAX_MESSAGES = 2048;
const storable = (max: number) =>
  z.string().max(max).refine(isStorable, 'must be well-formed Unicode without the NUL character');

/** Bounded by the body's limit; what the model's window holds is decided later. */
const text = storable(LIMITS.chatBytes);

const partSchema = z.strictObject({
  type: z.literal('text', { error: 'only parts of type "text" are supported' }),
  text,
});

const messageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant'], {
    error: 'only the roles "system", "developer", "user" and "assistant" are supported',
  }),
  content: z.union([text, z.array(partSchema).min(1)]),
});

const tokens = z.int().min(1);

export const completionRequestSchema = z.strictObject({
  model: storable(200).min(1),
  messages: z.array(messageSchema).min(1).max(MAX_MESSAGES),
  stream: z.boolean().optional(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().optional(),
      include_obfuscation: z.literal(false, { error: 'is not supported' }).optional(),
    })
    .optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: tokens.optional(),
  max_completion_tokens: tokens.optional(),
  stop: z.union([storable(200).min(1), z.array(storable(200).min(1)).max(4)]).optional(),
  seed: z.int().optional(),
  user: storable(200).optional(),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((pairs) => Object.keys(pairs).length <= 16, 'must have at most 16 pairs')
    .optional(),
  sources: sourcesSchema.optional(),
});

export const SUPPORTED_PARAMETERS: readonly string[] = Object.keys(completionRequestSchema.shape);

export interface CompletionRequest {
  model: string;
  /** As many and in the order as given; `developer` read as `system`, text parts joined. */
  messages: ChatMessage[];
  stream: boolean;
  includeUsage: boolean;
  temperature: number | undefined;
  topP: number | undefined;
  maxTokens: number | undefined;
  stop: string[];
  seed: number | undefined;
  user: string | undefined;
  sources: Source[] | undefined;
}

const refusal = (message: string, field: string | undefined, reason: string) =>
  new AppError('invalid_request', message, { ...(field === undefined ? {} : { field }), reason });

const fieldsSchema = z.record(z.string(), z.unknown());

/** Throws AppError invalid_request with the field at fault and OpenAI's code for it. */
export function readCompletion(body: unknown): CompletionRequest {
  const object = fieldsSchema.safeParse(body);
  if (!object.success) {
    throw refusal('The body must be a JSON object.', undefined, 'invalid_type');
  }
  const given = withoutUnsupported(object.data, UNSUPPORTED_PARAMETERS);
  const parsed = completionRequestSchema.safeParse(
    { ...given, ...('messages' in given ? { messages: plainMessages(given.messages) } : {}) },
    { reportInput: true },
  );
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw issue === undefined
      ? refusal('The request is not usable.', undefined, 'invalid_value')
      : issueError(issue, []);
  }
  const request = parsed.data;
  checkTogether(request);
  return {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({
      role: role === 'developer' ? 'system' : role,
      content: typeof content === 'string' ? content : content.map((part) => part.text).join(''),
    })),
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    temperature: request.temperature,
    topP: request.top_p,
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    stop: typeof request.stop === 'string' ? [request.stop] : (request.stop ?? []),
    seed: request.seed,
    user: request.user,
    sources: request.sources,
  };
}

const plainMessages = (messages: unknown): unknown =>
  Array.isArray(messages)
    ? messages.map((message: unknown, index) => {
        const fields = fieldsSchema.safeParse(message);
        return fields.success
          ? withoutUnsupported(fields.data, UNSUPPORTED_MESSAGE_FIELDS, `messages[${index}].`)
          : message;
      })
    : messages;

function checkTogether(request: z.infer<typeof completionRequestSchema>): void {
  if (request.max_tokens !== undefined && request.max_completion_tokens !== undefined) {
    throw refusal(
      "Set 'max_completion_tokens' or 'max_tokens', not both.",
      'max_tokens',
      'invalid_value',
    );
  }
  if (request.stream_options !== undefined && request.stream !== true) {
    throw refusal(
      "'stream_options' is only allowed when 'stream' is true.",
      'stream_options',
      'invalid_value',
    );
  }
  const last = request.messages.length - 1;
  const question = request.messages[last];
  if (question?.role !== 'user') {
    throw refusal(
      'The last message must be the user\u2019s.',
      `messages[${last}].role`,
      'invalid_value',
    );
  }
  const { content } = question;
  if (typeof content === 'string' ? content === '' : content.every((part) => part.text === '')) {
    throw refusal('The question is empty.', `messages[${last}].content`, 'invalid_value');
  }
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** `messages[0].content`, as OpenAI writes it; names from the request are cut to a sane length. */
const fieldOf = (path: Path): string =>
  path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('')
    .slice(0, 200);

function issueError(issue: Issue, above: Path): AppError {
  const path = [...above, ...issue.path];
  const field = fieldOf(path);
  if (issue.code === 'invalid_union') {
    // The alternative of the right type says what is wrong in it; where none fits, the union itself is.
    const inside = issue.errors.find(([first]) => first !== undefined && !isOtherType(first))?.[0];
    if (inside !== undefined) return issueError(inside, path);
  }
  if (issue.code === 'unrecognized_keys') {
    const unknown = fieldOf([...path, issue.keys[0] ?? '']);
    return refusal(`Unknown parameter: '${unknown}'.`, unknown, 'unknown_parameter');
  }
  if (issue.input === undefined && issue.code !== 'custom') {
    return refusal(`Missing required parameter: '${field}'.`, field, 'missing_required_parameter');
  }
  const says = issue.code === 'invalid_union' ? 'expected text or a list of it' : issue.message;
  const wrongType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
  const reason = wrongType ? 'invalid_type' : 'invalid_value';
  return refusal(`Invalid '${field}': ${says}.`, field, reason);
}

const isOtherType = (issue: Issue): boolean =>
  issue.path.length === 0 && issue.code === 'invalid_type';
