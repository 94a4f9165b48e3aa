// What the load generator is told and what it answers, one JSON line each.

import { z } from 'zod';

export const loadOrderSchema = z.strictObject({
  port: z.int(),
  /** Whole HTTP/1.1 requests, sent in turn. */
  requests: z.array(z.string()).min(1),
  connections: z.int().min(1),
  seconds: z.number().positive(),
  /** Requests per second over all connections; left out: as fast as answers come. */
  rate: z.number().positive().optional(),
  /** The status of a good answer, and what its end must hold. */
  status: z.int().default(200),
  endsWith: z.string().default(''),
});
export type LoadOrder = z.input<typeof loadOrderSchema>;

export const loadResultSchema = z.strictObject({
  requests: z.int(),
  failures: z.int(),
  firstFailure: z.string(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** Processor time of the generator itself. */
  cpuSeconds: z.number(),
});
export type LoadResult = z.output<typeof loadResultSchema>;
