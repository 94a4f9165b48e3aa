// What the operators' endpoints have in common. Pure.

import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { type Endpoint, JSON_BODY, JSON_TYPE } from './endpoint.ts';

export const READ: readonly ErrorCode[] = ['unauthorized', 'dependency_unavailable'];
/** Of one thing: its id may be unusable, or nothing's. */
export const READ_ONE: readonly ErrorCode[] = [...READ, 'invalid_request', 'not_found'];
export const WRITE: readonly ErrorCode[] = [...JSON_BODY, 'unauthorized', 'origin_not_allowed'];

export const pathId = z.string().min(1).max(100);
export const answering = (status: number, about: string, schema: z.ZodType) => [
  { status, about, schema, types: [JSON_TYPE] },
];

export const list = (
  path: string,
  id: string,
  title: string,
  schema: z.ZodType,
  about = 'Newest first.',
): Endpoint => ({
  method: 'get',
  path,
  id,
  title,
  about,
  security: ['operator'],
  answers: answering(200, 'The list.', schema),
  errors: READ,
});

export const one = (
  path: string,
  id: string,
  title: string,
  schema: z.ZodType,
  about: string,
  shape: z.ZodType = pathId,
): Endpoint => ({
  method: 'get',
  path,
  parameters: ['id'],
  shapes: { id: shape },
  id,
  title,
  about,
  security: ['operator'],
  answers: answering(200, 'Found.', schema),
  errors: READ_ONE,
});
