// The routing table: which model answers whom. Its one decision function turns a command into the
// next table and the row of history that explains it. The routing object serialises the calls; KV
// and the isolates hold copies. No IO, no clock.

import { z } from 'zod';
import { BUCKETS, bucketOf } from './assignment.ts';

export const experimentSchema = z.strictObject({
  id: z.string(),
  salt: z.string(),
  candidate: z.string(),
  /** Share of visitors in ten-thousandths. */
  shareBp: z.int().min(0).max(BUCKETS),
  startedAt: z.int(),
});

export const routingTableSchema = z.strictObject({
  schema: z.literal(1),
  version: z.int().min(0),
  production: z.string(),
  previous: z.string().nullable(),
  experiment: experimentSchema.nullable(),
  updatedAt: z.int(),
});

export type RoutingTable = z.infer<typeof routingTableSchema>;

export function initialTable(base: string): RoutingTable {
  return {
    schema: 1,
    version: 0,
    production: base,
    previous: null,
    experiment: null,
    updatedAt: 0,
  };
}

export type Arm = 'control' | 'treatment' | 'none';

export interface Assignment {
  model: string;
  arm: Arm;
  experimentId: string | null;
}

/** Sticky per visitor; growing the share only ever adds visitors to the treatment. */
export function assign(table: RoutingTable, visitorId: string): Assignment {
  const { experiment, production } = table;
  if (experiment === null) return { model: production, arm: 'none', experimentId: null };
  const treated = bucketOf(visitorId, experiment.salt) < experiment.shareBp;
  return {
    model: treated ? experiment.candidate : production,
    arm: treated ? 'treatment' : 'control',
    experimentId: experiment.id,
  };
}

export const routeCommandSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('start'),
    modelId: z.string(),
    shareBp: z.int().min(1).max(BUCKETS),
  }),
  z.strictObject({
    action: z.literal('share'),
    shareBp: z.int().min(1).max(BUCKETS),
    /** The candidate the operator has in mind; another one running is a refusal. */
    modelId: z.string().optional(),
  }),
  z.strictObject({ action: z.literal('promote'), modelId: z.string().optional() }),
  z.strictObject({ action: z.literal('rollback') }),
]);
export type RouteCommand = z.infer<typeof routeCommandSchema>;

export type RouteDecision =
  | { ok: true; next: RoutingTable; summary: string }
  | { ok: false; reason: string };

const percent = (bp: number) => `${bp / 100} %`;
const refuse = (reason: string): RouteDecision => ({ ok: false, reason });

/** What a command makes of the table, or why it cannot be carried out. */
export function decideRoute(
  table: RoutingTable,
  command: RouteCommand,
  now: number,
): RouteDecision {
  const change = (patch: Partial<RoutingTable>, summary: string): RouteDecision => ({
    ok: true,
    next: { ...table, ...patch, version: table.version + 1, updatedAt: now },
    summary,
  });
  const running = table.experiment;
  const meant =
    command.action === 'share' || command.action === 'promote' ? command.modelId : undefined;
  if (running && meant !== undefined && meant !== running.candidate) {
    return refuse(`the candidate is ${running.candidate} by now, not ${meant}`);
  }
  switch (command.action) {
    case 'start':
      if (running) {
        return refuse(
          `${running.candidate} is already at ${percent(running.shareBp)}; promote it or roll it back first`,
        );
      }
      if (command.modelId === table.production) {
        return refuse(`${command.modelId} is already in production`);
      }
      return change(
        {
          experiment: {
            id: `exp-${command.modelId}-${table.version + 1}`,
            salt: `${command.modelId}:${table.version + 1}`,
            candidate: command.modelId,
            shareBp: command.shareBp,
            startedAt: now,
          },
        },
        `${command.modelId} at ${percent(command.shareBp)} beside ${table.production}`,
      );
    case 'share':
      if (!running) return refuse('no candidate is running; start one first');
      if (command.shareBp < running.shareBp) {
        return refuse(
          `a share only grows (now ${percent(running.shareBp)}); roll back to take the candidate off`,
        );
      }
      return change(
        { experiment: { ...running, shareBp: command.shareBp } },
        `${running.candidate} from ${percent(running.shareBp)} to ${percent(command.shareBp)}`,
      );
    case 'promote':
      if (!running) return refuse('no candidate is running; start one first');
      return change(
        { production: running.candidate, previous: table.production, experiment: null },
        `${running.candidate} replaces ${table.production} for everyone`,
      );
    case 'rollback':
      if (running) {
        return change(
          { experiment: null },
          `${running.candidate} taken off; ${table.production} answers everyone`,
        );
      }
      if (table.previous === null)
        return refuse('there is no earlier production model to go back to');
      return change(
        { production: table.previous, previous: null },
        `${table.previous} restored in place of ${table.production}`,
      );
  }
}
