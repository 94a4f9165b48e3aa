// The same description as a page of HTML without a script: /docs/. Pure; the build of the pages writes it.
// Text from the description is escaped; `code` in it is the one mark-up it knows.

import type { z } from 'zod';
import { statusOf } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints.ts';
import { type Field, fieldsOf, queryOf, WAYS } from './fields.ts';
import { publicCode } from './index.ts';

const GROUPS = [
  {
    id: 'visitors',
    title: 'For pages and their visitors',
    holds: (path: string) => /^\/(api|v1)\//.test(path),
  },
  {
    id: 'operators',
    title: 'For operators',
    holds: (path: string) => path.startsWith('/admin/'),
  },
  {
    id: 'agent',
    title: 'For the agent',
    holds: (path: string) => path.startsWith('/agent/'),
  },
  {
    id: 'watching',
    title: 'For those who watch over it',
    holds: (path: string) => !/^\/(api|v1|admin|agent)\//.test(path),
  },
] as const;

const MARKS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const plain = (text: string) => text.replaceAll(/[&<>"]/g, (mark) => MARKS[mark] ?? mark);
const prose = (text: string) => plain(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
const code = (text: string) => `<code>${plain(text)}</code>`;

export function referencePage(): string {
  const groups = GROUPS.map((group) => ({
    ...group,
    endpoints: ENDPOINTS.filter(({ path }) => group.holds(path)),
  }));
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Bruno Loop \u2014 HTTP API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/docs.css" />
  </head>
  <body class="bruno">
    <nav aria-label="Endpoints">
${groups.map(menuOf).join('\n')}
    </nav>
    <main>
      <header>
        <h1>HTTP API</h1>
        <p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Both come from the schemas that the endpoints parse by.</p>
        <p>Every error is ${code('{ "error": { "code", "message", "details"? } }')}, under <code>/v1</code> in OpenAI\u2019s shape. A wrong method is 405 and says which are right. Each answer carries a <code>traceparent</code>.</p>
      </header>
${groups.map(sectionOf).join('\n')}
    </main>
  </body>
</html>
`;
}

interface Group {
  id: string;
  title: string;
  endpoints: readonly Endpoint[];
}

const method = (endpoint: Endpoint) =>
  `<span class="method ${endpoint.method}">${endpoint.method.toUpperCase()}</span>`;

const menuOf = ({ title, endpoints }: Group) =>
  `<p>${title}</p><ul>${endpoints
    .map((one) => `<li><a href="#${one.id}">${method(one)} ${plain(one.path)}</a></li>`)
    .join('')}</ul>`;

const sectionOf = ({ id, title, endpoints }: Group) =>
  `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${endpoints.map(article).join('\n')}</section>`;

function article(endpoint: Endpoint): string {
  const { id, title, path, about, security, body, answers, errors } = endpoint;
  const query = queryOf(endpoint);
  const parts = [
    `<h3 id="${id}">${prose(title)}</h3>`,
    `<p class="line">${method(endpoint)} ${code(path)}</p>`,
    `<p>${prose(about)}</p>`,
    security.length === 0
      ? ''
      : `<p><b>Needs</b> ${security.map((way) => prose(WAYS[way])).join(', or ')}.</p>`,
    query.length === 0 ? '' : `<h4>Query</h4>${table(query)}`,
    body === undefined ? '' : `<h4>Body ${typesOf(body.types)}</h4>${tables(body.schema)}`,
    ...answers.map(
      ({ status, about: said, schema, types }) =>
        `<h4><span class="status">${status}</span> ${prose(said)} ${typesOf(types)}</h4>${schema ? tables(schema) : ''}`,
    ),
    errors.length === 0 ? '' : `<h4>Errors</h4><p>${errorsOf(endpoint)}</p>`,
  ];
  return `<article>${parts.filter((part) => part !== '').join('\n')}</article>`;
}

const typesOf = (types: readonly string[]) =>
  types.length === 0 ? '' : `<small>${types.map(plain).join(', ')}</small>`;

function errorsOf({ errors, path }: Endpoint): string {
  const named = errors
    .toSorted((a, b) => statusOf(a) - statusOf(b))
    .map((one) => `${statusOf(one)} ${code(publicCode(one, path))}`);
  return [...new Set(named)].join(', ');
}

/** Long shapes are folded away; a keyboard and a screen reader open them too. */
function tables(schema: z.ZodType): string {
  const shapes = fieldsOf(schema);
  const count = shapes.reduce((sum, fields) => sum + fields.length, 0);
  const shown = shapes
    .map((fields) => (fields.length === 0 ? '<p>No fields.</p>' : table(fields)))
    .join('<p>or</p>');
  return count <= 12 ? shown : `<details><summary>${count} fields</summary>${shown}</details>`;
}

const table = (fields: readonly Field[]) =>
  `<div class="scroll" role="group" aria-label="Fields" tabindex="0"><table><thead><tr><th>field</th><th>holds</th><th>needed</th></tr></thead><tbody>${fields
    .map(
      ({ name, about, needed }) =>
        `<tr><td>${code(name)}</td><td>${prose(about)}</td><td>${needed ? 'required' : ''}</td></tr>`,
    )
    .join('')}</tbody></table></div>`;
