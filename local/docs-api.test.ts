// That the page in docs/ is the one that the schemas give.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { httpApiPage } from '../core/openapi/markdown.ts';
import { HTTP_API_FILE } from './docs-api.ts';

test('docs/http-api.md is up to date; npm run docs:api writes it', () => {
  expect(readFileSync(HTTP_API_FILE, 'utf8')).toBe(httpApiPage());
});
