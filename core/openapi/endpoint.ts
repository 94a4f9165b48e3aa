// What is said of one endpoint, and what many say alike. Pure.

import type { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

export interface Answer {
  status: number;
  about: string;
  /** Undefined where the body is not JSON. */
  schema?: z.ZodType;
  types: readonly string[];
}

export type Way = 'visitor' | 'visitorOrNone' | 'apiKey' | 'operator' | 'scraper' | 'agent';

export interface Endpoint {
  method: 'get' | 'post' | 'delete';
  path: string;
  /** Names in braces of the path. */
  parameters?: readonly string[];
  /** The shape of those that are not any text. */
  shapes?: Readonly<Record<string, z.ZodType>>;
  /** What may come after the question mark. */
  query?: Readonly<Record<string, z.ZodType>>;
  id: string;
  title: string;
  about: string;
  body?: { schema: z.ZodType; types: readonly string[] };
  /** Each a way in; an empty list is open to all. */
  security: readonly Way[];
  answers: readonly Answer[];
  errors: readonly ErrorCode[];
}

export const JSON_TYPE = 'application/json';

/** What reading a JSON body can end in, and the work behind it. */
export const JSON_BODY: readonly ErrorCode[] = [
  'invalid_json',
  'invalid_request',
  'body_too_large',
  'unsupported_media_type',
  'dependency_unavailable',
];
/** The same where visitors send it. */
export const BODY: readonly ErrorCode[] = [...JSON_BODY, 'rate_limited'];
