// A schema as rows for people: each field, what it holds, whether it must be there. Pure; read by both
// renderings of the description.

import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { isNeeded, jsonSchemaOf } from './index.ts';

export const WAYS = {
  visitor: 'a visitor token as bearer',
  apiKey: 'an API key as bearer',
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

export interface Field {
  name: string;
  about: string;
  needed: boolean;
}

const nodeOf = (schema: z.ZodType): Node => nodeSchema.parse(jsonSchemaOf(schema));

/** One list for each shape that the schema allows; a shape without fields is an empty list. */
export function fieldsOf(schema: z.ZodType): Field[][] {
  const node = nodeOf(schema);
  return (node.anyOf ?? node.oneOf ?? [node]).map((shape) => rowsOf(shape, ''));
}

/** What may come after the question mark, with what it may be. */
export const queryOf = ({ query = {} }: Endpoint): Field[] =>
  Object.entries(query).map(([name, shape]) => ({
    name,
    about: wordsFor(nodeOf(shape)),
    needed: isNeeded(shape),
  }));

function rowsOf(node: Node, prefix: string): Field[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, inner]) => {
    const needed = node.required?.includes(name) ?? false;
    const row = { name: `${prefix}${name}`, about: wordsFor(inner), needed };
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
