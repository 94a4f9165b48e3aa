// Which arm a question belongs to. Known before its prompt is made, because the arm's settings say what the
// model is told.

import type { Under } from '../../core/answer-prompt.ts';
import {
  type Assignment,
  assign,
  type RoutingTable,
  settingsInUse,
  unassigned,
} from '../../core/routing.ts';
import type { Env } from '../env.ts';
import { liveTable } from './live-table.ts';

export interface Placed {
  table: RoutingTable;
  assignment: Assignment;
}

interface Asking {
  visitorId: string;
  /** Whether this answer may belong to an experiment; see core/enrolment.ts. */
  enrolled: boolean;
  /** They are told how many tokens the prompt had. */
  seesPromptTokens: boolean;
}

/** Never throws. */
export async function placed(env: Env, asking: Asking): Promise<Placed> {
  const { visitorId, enrolled, seesPromptTokens } = asking;
  const table = await liveTable(env);
  return {
    table,
    assignment: enrolled ? assign(table, visitorId, { seesPromptTokens }) : unassigned(table),
  };
}

export const underOf = ({ table, assignment }: Placed): Under => ({
  settings: assignment.settings,
  inUse: settingsInUse(table),
});
