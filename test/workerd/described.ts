// Holds every answer that the tests get to the endpoints' description: a status, a body and nothing in
// it that the description does not know.

import { expect } from 'vitest';
import type { Endpoint } from '../../core/openapi/endpoint.ts';
import { ENDPOINTS } from '../../core/openapi/endpoints.ts';

export interface Answered {
  status: number;
  headers: Headers;
  body: unknown;
}

export function expectDescribed(method: string, url: string, answered: Answered): void {
  const endpoint = endpointOf(method, new URL(url, 'https://bruno.example').pathname);
  if (endpoint === undefined || answered.status >= 400) return;
  const name = `${method} ${endpoint.path} answered ${answered.status}`;
  const described = endpoint.answers.find(({ status }) => status === answered.status);
  expect(described, name).toBeDefined();
  const type = answered.headers.get('content-type')?.split(';')[0];
  expect(described?.types, name).toEqual(type === undefined ? [] : expect.arrayContaining([type]));
  if (described?.schema === undefined || type !== 'application/json') return;
  // Parsing drops what a schema does not name.
  expect(described.schema.parse(answered.body), name).toEqual(answered.body);
}

/** One named in full goes before one with a name in braces. */
function endpointOf(method: string, pathname: string): Endpoint | undefined {
  const own = ENDPOINTS.filter((one) => one.method.toUpperCase() === method);
  return (
    own.find(({ path }) => path === pathname) ??
    own.find(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname))
  );
}
