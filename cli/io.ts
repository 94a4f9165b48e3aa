/**
 * What the command may touch of the world: environment, streams, clock, chance and waiting.
 * `main.ts` passes the real ones, tests pass their own; no other file reaches for `process`.
 * It must not hold behaviour.
 */
export type Io = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether progress may redraw one line of the error stream. */
  readonly errorIsTerminal: boolean;
  readonly columns: number;
  readonly repoRoot: string;
  readonly nodeVersion: string;
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
};
