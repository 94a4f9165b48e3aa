// Progress for whoever waits: lines on stderr (stdout belongs to the result), one line rewritten in
// place on a terminal, and the seconds each step took. Used by every step; decides nothing.

export const STEPS = [
  'pretrain',
  'start',
  'visits',
  'review',
  'curation',
  'training',
  'rollout',
  'measurement',
] as const;
export type Step = (typeof STEPS)[number];
export type Seconds = Record<Step, number>;

export interface Progress {
  line(text: string): void;
  /** Rewritten in place on a terminal; elsewhere printed at most once in ten seconds. */
  live(text: string): void;
}

const LIVE_EVERY_MS = 10_000;

export function stderrProgress(output: NodeJS.WriteStream = process.stderr): Progress {
  let open = false;
  let printedAtMs = 0;
  return {
    line(text) {
      output.write(`${open ? '\n' : ''}${text}\n`);
      open = false;
    },
    live(text) {
      if (output.isTTY) {
        output.write(`\r\u001b[2K${text}`);
        open = true;
        return;
      }
      const nowMs = performance.now();
      if (printedAtMs !== 0 && nowMs - printedAtMs < LIVE_EVERY_MS) return;
      printedAtMs = nowMs;
      output.write(`${text}\n`);
    },
  };
}

/** Adds up wall-clock seconds by step, over all weeks. */
export function stopwatch() {
  const spentMs = new Map<Step, number>();
  return {
    async time<Result>(step: Step, work: () => Promise<Result>): Promise<Result> {
      const startedMs = performance.now();
      try {
        return await work();
      } finally {
        spentMs.set(step, (spentMs.get(step) ?? 0) + performance.now() - startedMs);
      }
    },
    seconds(): Seconds {
      const of = (step: Step) => Number(((spentMs.get(step) ?? 0) / 1000).toFixed(1));
      return {
        pretrain: of('pretrain'),
        start: of('start'),
        visits: of('visits'),
        review: of('review'),
        curation: of('curation'),
        training: of('training'),
        rollout: of('rollout'),
        measurement: of('measurement'),
      };
    },
  };
}
export type Stopwatch = ReturnType<typeof stopwatch>;

export function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)}%`;
}
