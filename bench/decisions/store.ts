// Results of runs, one line each, in one file a scenario: what is there is not run again. A line counts
// only under its cell's key, so results of another scenario, policy or code lie beside it and are never
// mixed in.

import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OUTCOMES } from '../../core/rollout/state.ts';
import type { Cell } from './cells.ts';

const runSchema = z.tuple([
  z.string().regex(/^[0-9a-f]{16}$/),
  z.int(),
  z.enum([...OUTCOMES, 'frozen', 'running']),
  z.number(),
  z.number().nullable(),
  z.boolean(),
  z.number(),
  z.string().optional(),
]);

export interface Run {
  seed: number;
  outcome: z.infer<typeof runSchema>[2];
  /** From the start to the end, and to the last stage where it was entered. */
  hours: number;
  lastStageHours: number | null;
  steppedInOutage: boolean;
  /** CPU time it took. */
  cpuMs: number;
  /** The code that made it, where it was carried over from another (carry.ts). */
  code?: string | undefined;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
}

export class Store {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = join(folder, 'runs');
    mkdirSync(this.folder, { recursive: true });
  }

  private file({ scenario }: Cell): string {
    return join(this.folder, `${scenario.name}.jsonl`);
  }

  /** Runs of this very cell, by seed. */
  read(cell: Cell): Map<number, Run> {
    const path = this.file(cell);
    const runs = new Map<number, Run>();
    if (!existsSync(path)) return runs;
    const lines = readFileSync(path, 'utf8').split('\n');
    // What follows the last line end was cut off while it was written.
    lines.pop();
    lines.forEach((line, at) => {
      const parsed = runSchema.safeParse(parse(line));
      if (!parsed.success) {
        throw new StoreError(
          `${path}:${at + 1} is no result of a run: ${z.prettifyError(parsed.error)}. Delete the line; the run is repeated.`,
        );
      }
      const [key, seed, outcome, hours, lastStageHours, steppedInOutage, cpuMs, code] = parsed.data;
      if (key !== cell.key) return;
      runs.set(seed, { seed, outcome, hours, lastStageHours, steppedInOutage, cpuMs, code });
    });
    return runs;
  }

  /** Cuts off a line that was never finished, so that the next one stands alone. */
  mend(cell: Cell): void {
    const path = this.file(cell);
    if (!existsSync(path)) return;
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf('\n') + 1;
    if (whole < bytes.length) truncateSync(path, whole);
  }

  add(cell: Cell, run: Run): void {
    const { seed, outcome, hours, lastStageHours, steppedInOutage, cpuMs, code } = run;
    const row = [cell.key, seed, outcome, hours, lastStageHours, steppedInOutage, cpuMs];
    if (code !== undefined) row.push(code);
    appendFileSync(this.file(cell), `${JSON.stringify(row)}\n`);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
