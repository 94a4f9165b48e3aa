/**
 * Reads an experiment's rows from a CSV file into the running sums of core/statistics, as a stream: memory
 * grows with visitors, not with rows. Called by `bruno experiment analyze`. A file with a malformed row is
 * refused as a whole, its rows named by line: numbers from half a file would look like the whole.
 */
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import {
  ARMS,
  addChange,
  emptyMoments,
  type Moments,
  type UserCell,
} from '../core/statistics/moments.ts';
import { messageOf, OperationError } from './errors.ts';

export const COLUMNS = ['visitor', 'arm', 'stage', 'metric', 'n', 'y'] as const;
const LISTED = 10;
const MAX_RECORD_CHARACTERS = 65_536;

const name = (column: string) =>
  z
    .string()
    .min(1, { error: `${column} is empty` })
    .max(200, { error: `${column} is too long` });
const amount = (column: string) =>
  z
    .string()
    .refine((text) => /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(+text), {
      error: ({ input }) => `${column} must be a number of zero or more, not "${shown(input)}"`,
    })
    .transform(Number);

const rowSchema = z.object({
  visitor: name('visitor'),
  arm: z.enum(ARMS, {
    error: ({ input }) => `arm must be control or treatment, not "${shown(input)}"`,
  }),
  stage: name('stage'),
  metric: name('metric'),
  n: amount('n'),
  y: amount('y'),
});

const shown = (input: unknown): string => String(input).slice(0, 60);

export type ExperimentSums = {
  readonly rows: number;
  /** Where each visitor was seen, over all metrics. */
  readonly visitors: ReadonlyMap<string, readonly UserCell[]>;
  /** In the order in which the file first names them. */
  readonly metrics: ReadonlyMap<string, Moments>;
  /** Visitors who met both arms at one stage: nobody can say which of the two they judge. In nothing else here. */
  readonly leftOut: number;
  /** All that the file names, in its order. */
  readonly stages: readonly string[];
};

/** What each visitor has of a metric, each cell once. */
type Standings = Map<string, UserCell[]>;

/** Throws an OperationError that names each malformed row (the first ten) by its line. */
export async function readExperiment(path: string): Promise<ExperimentSums> {
  const metrics = new Map<string, Standings>();
  const visitors: Standings = new Map();
  const stages = new Set<string>();
  const problems: string[] = [];
  let malformed = 0;
  let rows = 0;
  const complain = (line: number, message: string) => {
    malformed += 1;
    if (problems.length < LISTED) problems.push(`line ${line}: ${message}`);
  };
  for await (const { line, fields } of records(path)) {
    const read = rowOf(fields);
    if (typeof read === 'string') {
      complain(line, read);
      continue;
    }
    rows += 1;
    const { visitor, metric, ...cell } = read;
    stages.add(cell.stage);
    const own: Standings = metrics.get(metric) ?? new Map();
    metrics.set(metric, own);
    own.set(visitor, added(own.get(visitor) ?? [], cell));
    visitors.set(visitor, added(visitors.get(visitor) ?? [], cell));
  }
  if (malformed > 0) throw malformedFile(path, problems, malformed);
  if (rows === 0) throw unusable(path, 'it holds no rows below its header');
  const all = visitors.size;
  for (const [visitor, seen] of visitors) if (metBothArms(seen)) visitors.delete(visitor);
  return {
    rows,
    visitors,
    metrics: new Map(
      [...metrics].map(([metric, own]) => [metric, momentsOf(own, { stages, visitors })]),
    ),
    leftOut: all - visitors.size,
    stages: [...stages],
  };
}

const metBothArms = (seen: readonly UserCell[]) =>
  new Set(seen.map(({ stage }) => stage)).size < seen.length;

function added(cells: readonly UserCell[], cell: UserCell): UserCell[] {
  const isSame = ({ stage, arm }: UserCell) => stage === cell.stage && arm === cell.arm;
  const before = cells.find(isSame);
  const after = before ? { ...cell, n: before.n + cell.n, y: before.y + cell.y } : cell;
  return [...cells.filter((one) => !isSame(one)), after];
}

/** Stage by stage, so that the sums name stages in the order of the file. */
function momentsOf(
  standings: Standings,
  { stages, visitors }: { stages: ReadonlySet<string>; visitors: ReadonlyMap<string, unknown> },
): Moments {
  const moments = emptyMoments();
  const earlier = new Set<string>();
  for (const stage of stages) {
    for (const [visitor, cells] of standings) {
      const cell = cells.find((one) => one.stage === stage);
      if (cell === undefined || !visitors.has(visitor)) continue;
      addChange(
        moments,
        cells.filter((one) => earlier.has(one.stage)),
        cell,
      );
    }
    earlier.add(stage);
  }
  return moments;
}

type Row = z.infer<typeof rowSchema>;

function rowOf(fields: Readonly<Record<string, string>> | string): Row | string {
  if (typeof fields === 'string') return fields;
  const result = rowSchema.safeParse(fields);
  return result.success
    ? result.data
    : result.error.issues.map(({ message }) => message).join(', ');
}

type Numbered = { line: number; fields: Readonly<Record<string, string>> | string };

const recordSchema = z.object({
  record: z.array(z.string()),
  info: z.object({ lines: z.number() }),
});

/** Each record under the header with the line it ends on; a sentence where its shape is wrong. */
async function* records(path: string): AsyncGenerator<Numbered> {
  let header: readonly string[] | null = null;
  const input = createReadStream(path);
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_RECORD_CHARACTERS,
  });
  input.on('error', (error) => parser.destroy(error));
  try {
    for await (const raw of input.pipe(parser)) {
      const { record, info } = recordSchema.parse(raw);
      if (header === null) {
        header = headerOf(path, record);
        continue;
      }
      yield { line: info.lines, fields: byColumn(header, record) };
    }
  } catch (thrown) {
    if (thrown instanceof OperationError) throw thrown;
    if (thrown instanceof CsvError) throw malformedFile(path, [csvProblem(thrown)], 1);
    throw unusable(path, messageOf(thrown), thrown);
  }
  if (header === null) throw unusable(path, `it is empty; its header must be ${COLUMNS.join(',')}`);
}

function csvProblem(error: CsvError): string {
  const line: unknown = Reflect.get(error, 'lines');
  return `line ${typeof line === 'number' ? line : '?'}: ${error.message}`;
}

function headerOf(path: string, record: readonly string[]): readonly string[] {
  const missing = COLUMNS.filter((column) => !record.includes(column));
  if (missing.length === 0) return record;
  const found = record.map(shown).join(',');
  throw unusable(
    path,
    `its first line must name the columns ${COLUMNS.join(',')}; ${missing.join(', ')} missing from "${shown(found)}"`,
  );
}

function byColumn(header: readonly string[], record: readonly string[]): Numbered['fields'] {
  if (record.length !== header.length) {
    return `${header.length} columns expected, ${record.length} came`;
  }
  return Object.fromEntries(header.map((column, index) => [column, record[index] ?? '']));
}

function malformedFile(
  path: string,
  problems: readonly string[],
  malformed: number,
): OperationError {
  const more = malformed > problems.length ? `; and ${malformed - problems.length} more` : '';
  const message = `${path} has malformed rows: ${problems.join('; ')}${more}. Nothing was analysed: mend or remove them`;
  return new OperationError({ code: 'malformed_rows', message, details: { problems, malformed } });
}

function unusable(path: string, why: string, cause?: unknown): OperationError {
  return new OperationError({ code: 'unreadable', message: `Cannot read ${path}: ${why}` }, cause);
}
