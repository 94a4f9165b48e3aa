/**
 * `npm run docs:api`: writes docs/http-api.md from the schemas. Its test fails while the file there
 * is not what this would write.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpApiPage } from '../core/openapi/markdown.ts';
import { repoRoot } from './home.ts';

export const HTTP_API_FILE = join(repoRoot, 'docs', 'http-api.md');

if (import.meta.main) writeFileSync(HTTP_API_FILE, httpApiPage());
