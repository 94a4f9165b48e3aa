// The description of the endpoints (OpenAPI 3.1), made from the schemas that parse their
// bodies, so that the two cannot differ. Served at /openapi.json and rendered into docs/http-api.md.

import { z } from 'zod';
import { AppError, type ErrorCode, statusOf } from '../errors.ts';
import { errorAnswerSchema } from '../wire/answers.ts';
import { isOpenAiPath, openAiError, openAiErrorSchema } from '../wire/openai-error.ts';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';

export const OPENAPI_VERSION = '3.1.0';
const ERROR = { $ref: '#/components/schemas/Error' };
const OPENAI_ERROR = { $ref: '#/components/schemas/OpenAiError' };

const SECURITY = {
  visitor: [{ visitorToken: [] }],
  visitorOrNone: [{}, { visitorToken: [] }],
  apiKey: [{ apiKey: [] }],
  operator: [{ accessAssertion: [] }, { operatorToken: [] }],
  scraper: [{ metricsToken: [] }],
  agent: [{ agentToken: [] }],
} as const;

const SCHEMES = {
  visitorToken: { type: 'http', scheme: 'bearer', description: 'From `POST /api/chat/session`.' },
  apiKey: { type: 'http', scheme: 'bearer', description: 'From an operator: `bruno key create`.' },
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The setting `METRICS_TOKEN`.' },
  agentToken: { type: 'http', scheme: 'bearer', description: 'The setting `AGENT_TOKEN`.' },
  operatorToken: { type: 'http', scheme: 'bearer', description: 'On one machine only.' },
  accessAssertion: {
    type: 'apiKey',
    in: 'header',
    name: 'Cf-Access-Jwt-Assertion',
    description: 'Added by Cloudflare Access to the requests of those whom it lets through.',
  },
} as const;

/** What a client may send; in an answer, what it may rely on. */
export function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  });
  return rest;
}

export function openApi() {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of ENDPOINTS) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: operation(endpoint) };
  }
  return {
    openapi: OPENAPI_VERSION,
    info: {
      title: 'Bruno Loop',
      version: '1',
      description: 'Chat and feedback for a homepage, and what watches over them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: {
        Error: jsonSchemaOf(errorAnswerSchema),
        OpenAiError: jsonSchemaOf(openAiErrorSchema),
      },
      securitySchemes: SCHEMES,
    },
  };
}

function operation(endpoint: Endpoint): object {
  const { body } = endpoint;
  return {
    operationId: endpoint.id,
    summary: endpoint.title,
    description: endpoint.about,
    security: endpoint.security.flatMap((way) => SECURITY[way]),
    ...(body
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              body.types.map((type) => [type, { schema: jsonSchemaOf(body.schema) }]),
            ),
          },
        }
      : {}),
    ...parametersOf(endpoint),
    responses: { ...answersOf(endpoint), ...errorsOf(endpoint) },
  };
}

/** Of what comes after the question mark: whether it cannot be left out. */
export const isNeeded = (shape: z.ZodType): boolean => !shape.safeParse(undefined).success;

function parametersOf({ parameters = [], shapes = {}, query = {} }: Endpoint): object {
  const all = [
    ...parameters.map((name) => {
      const shape = shapes[name];
      const schema = shape === undefined ? { type: 'string' } : jsonSchemaOf(shape);
      return { name, in: 'path', required: true, schema };
    }),
    ...Object.entries(query).map(([name, shape]) => ({
      name,
      in: 'query',
      required: isNeeded(shape),
      schema: jsonSchemaOf(shape),
    })),
  ];
  return all.length === 0 ? {} : { parameters: all };
}

function answersOf({ answers }: Endpoint): Record<string, object> {
  return Object.fromEntries(
    answers.map(({ status, about, schema, types }) => [
      status,
      {
        description: about,
        content: Object.fromEntries(
          types.map((type) => [
            type,
            {
              schema:
                type === 'application/json' && schema ? jsonSchemaOf(schema) : { type: 'string' },
            },
          ]),
        ),
      },
    ]),
  );
}

/** What a client reads as the code: OpenAI's under /v1. */
export function publicCode(code: ErrorCode, path: string): string {
  if (!isOpenAiPath(path)) return code;
  const { error } = openAiError(new AppError(code, ''));
  return error.code ?? error.type;
}

/** One answer for each status, which names the codes that come with it. */
function errorsOf({ errors: codes, path }: Endpoint): Record<string, object> {
  const schema = isOpenAiPath(path) ? OPENAI_ERROR : ERROR;
  const statuses = [...new Set(codes.map(statusOf))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: [
          ...new Set(
            codes
              .filter((code) => statusOf(code) === status)
              .map((code) => `\`${publicCode(code, path)}\``),
          ),
        ].join(', '),
        ...(status === 429 || status === 503
          ? {
              headers: {
                'Retry-After': {
                  description: 'Seconds, where waiting helps.',
                  schema: { type: 'integer' },
                },
              },
            }
          : {}),
        content: { 'application/json': { schema } },
      },
    ]),
  );
}
