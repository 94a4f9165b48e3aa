// The same description for people: docs/http-api.md. Pure; `npm run docs:api` writes it.

import { z } from 'zod';
import { statusOf } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { jsonSchemaOf, publicCode } from './index.ts';

const HEAD = `# HTTP API

<!-- Written by \`npm run docs:api\` from the schemas in core/wire/. Change those, not this. -->

The endpoints, as \`GET /openapi.json\` describes them (OpenAPI 3.1). How to use them from a page: [homepage.md](homepage.md).
Every error is \`{ "error": { "code", "message", "details"? } }\`, and under \`/v1\` in OpenAI's shape \`{ "error": { "message", "type", "param", "code" } }\`; a wrong method is 405. Each answer carries a \`traceparent\` header.
`;

const WAYS = {
  visitor: 'a visitor token as bearer',
  visitorOrNone: 'a visitor token as bearer, or nothing',
  operator: 'an operator\u2019s sign-in',
  scraper: '`METRICS_TOKEN` as bearer',
  agent: '`AGENT_TOKEN` as bearer',
} as const;

/** The parts of JSON Schema that our own schemas come out as. */
interface Node {
  type?: string | string[] | undefined;
  properties?: Record<string, Node> | undefined;
  required?: string[] | undefined;
  items?: Node | undefined;
  anyOf?: Node[] | undefined;
  oneOf?: Node[] | undefined;
  enum?: unknown[] | undefined;
  const?: unknown;
  minimum?: number | undefined;
  maximum?: number | undefined;
  exclusiveMinimum?: number | undefined;
  maxLength?: number | undefined;
  maxItems?: number | undefined;
  format?: string | undefined;
}
const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.object({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    properties: z.record(z.string(), nodeSchema).optional(),
    required: z.array(z.string()).optional(),
    // A tuple says false: nothing after its last place.
    items: z.union([nodeSchema, z.literal(false).transform(() => undefined)]).optional(),
    anyOf: z.array(nodeSchema).optional(),
    oneOf: z.array(nodeSchema).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    maxLength: z.number().optional(),
    maxItems: z.number().optional(),
    format: z.string().optional(),
  }),
);

export const httpApiPage = (): string => `${[HEAD, ...ENDPOINTS.map(section)].join('\n')}`;

function section(endpoint: Endpoint): string {
  const lines = [
    `## ${endpoint.title}`,
    '',
    `\`${endpoint.method.toUpperCase()} ${endpoint.path}\``,
    '',
    endpoint.about,
    '',
  ];
  if (endpoint.security.length > 0) {
    lines.push(`**Needs** ${endpoint.security.map((way) => WAYS[way]).join(', or ')}.`, '');
  }
  const asked = Object.entries(endpoint.query ?? {}).map(([name, shape]) => {
    return `\`${name}\` (${wordsFor(nodeSchema.parse(jsonSchemaOf(shape)))})`;
  });
  if (asked.length > 0) lines.push(`**Query** ${asked.join(', ')}`, '');
  if (endpoint.body) {
    lines.push(`**Body** (${endpoint.body.types.map((type) => `\`${type}\``).join(', ')})`, '');
    lines.push(...fieldTable(nodeSchema.parse(jsonSchemaOf(endpoint.body.schema))), '');
  }
  for (const { status, about, schema, types } of endpoint.answers) {
    const kinds = types.map((type) => `\`${type}\``).join(', ');
    lines.push(`**${status}** ${about}${kinds === '' ? '' : ` (${kinds})`}`, '');
    if (schema) lines.push(...fieldTable(nodeSchema.parse(jsonSchemaOf(schema))), '');
  }
  if (endpoint.errors.length > 0) {
    const errors = endpoint.errors
      .toSorted((a, b) => statusOf(a) - statusOf(b))
      .map((code) => `\`${publicCode(code, endpoint.path)}\` (${statusOf(code)})`);
    lines.push(`**Errors** ${[...new Set(errors)].join(', ')}`, '');
  }
  return lines.join('\n');
}

function fieldTable(node: Node): string[] {
  const shapes = node.anyOf ?? node.oneOf ?? [node];
  return shapes.flatMap((shape, index) => {
    const rows = rowsOf(shape, '');
    if (rows.length === 0) return [index === 0 ? 'No fields: `{}`.' : ''];
    return [...(index === 0 ? [] : ['', 'or', '']), ...aligned([['field', '', ''], ...rows])];
  });
}

/** As the formatter writes a table, so that the two agree on the file. */
function aligned(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2].map((at) => Math.max(3, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head = '', ...rest] = rows.map((row) =>
    line(widths.map((width, at) => (row[at] ?? '').padEnd(width))),
  );
  return [head, line(widths.map((width) => '-'.repeat(width))), ...rest];
}

function rowsOf(node: Node, prefix: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, inner]) => {
    const needed = node.required?.includes(name) ? 'required' : '';
    const row = [`\`${prefix}${name}\``, wordsFor(inner), needed];
    const within = inner.items ? rowsOf(inner.items, `${prefix}${name}[].`) : [];
    return [row, ...rowsOf(inner, `${prefix}${name}.`), ...within];
  });
}

const typesOf = ({ type = 'any' }: Node) => (Array.isArray(type) ? type.join(' or ') : type);

function wordsFor(node: Node): string {
  if (node.anyOf) return [...new Set(node.anyOf.map(wordsFor))].join(' or ');
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum) return node.enum.map((one) => `\`${String(one)}\``).join(', ');
  const of = node.items?.type ? ` of ${typesOf(node.items)}` : '';
  const bounds = [
    node.format,
    node.minimum === undefined || node.minimum <= Number.MIN_SAFE_INTEGER
      ? undefined
      : `from ${node.minimum}`,
    node.exclusiveMinimum === undefined ? undefined : `above ${node.exclusiveMinimum}`,
    node.maximum === undefined || node.maximum >= Number.MAX_SAFE_INTEGER
      ? undefined
      : `to ${node.maximum}`,
    node.maxLength === undefined ? undefined : `at most ${node.maxLength} characters`,
    node.maxItems === undefined ? undefined : `at most ${node.maxItems}`,
  ].filter((bound) => bound !== undefined);
  return [`${typesOf(node)}${of}`, ...bounds].join(', ');
}
