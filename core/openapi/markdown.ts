// The same description for people: docs/http-api.md. Pure; `npm run docs:api` writes it.

import type { z } from 'zod';
import { statusOf } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { fieldsOf, queryOf, WAYS } from './fields.ts';
import { publicCode } from './index.ts';

const HEAD = `# HTTP API

<!-- Written by \`npm run docs:api\` from the schemas in core/wire/. Change those, not this. -->

The endpoints, as \`GET /openapi.json\` describes them (OpenAPI 3.1) and \`/docs/\` shows them in a browser. How to use them from a page: [homepage.md](homepage.md).
Every error is \`{ "error": { "code", "message", "details"? } }\`, and under \`/v1\` in OpenAI's shape \`{ "error": { "message", "type", "param", "code" } }\`; a wrong method is 405. Each answer carries a \`traceparent\` header.
`;

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
  const asked = queryOf(endpoint).map(
    ({ name, about, needed }) => `\`${name}\` (${about}${needed ? ', required' : ''})`,
  );
  if (asked.length > 0) lines.push(`**Query** ${asked.join(', ')}`, '');
  if (endpoint.body) {
    lines.push(`**Body** (${endpoint.body.types.map((type) => `\`${type}\``).join(', ')})`, '');
    lines.push(...fieldTable(endpoint.body.schema), '');
  }
  for (const { status, about, schema, types } of endpoint.answers) {
    const kinds = types.map((type) => `\`${type}\``).join(', ');
    lines.push(`**${status}** ${about}${kinds === '' ? '' : ` (${kinds})`}`, '');
    if (schema) lines.push(...fieldTable(schema), '');
  }
  if (endpoint.errors.length > 0) {
    const errors = endpoint.errors
      .toSorted((a, b) => statusOf(a) - statusOf(b))
      .map((code) => `\`${publicCode(code, endpoint.path)}\` (${statusOf(code)})`);
    lines.push(`**Errors** ${[...new Set(errors)].join(', ')}`, '');
  }
  return lines.join('\n');
}

function fieldTable(schema: z.ZodType): string[] {
  return fieldsOf(schema).flatMap((fields, index) => {
    if (fields.length === 0) return [index === 0 ? 'No fields: `{}`.' : ''];
    const rows = fields.map(({ name, about, needed }) => [
      `\`${name}\``,
      about,
      needed ? 'required' : '',
    ]);
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
