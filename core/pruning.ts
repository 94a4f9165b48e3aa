// Which models lose their files: the weights in the store and the copies on the Mac. Rows and manifests
// stay, so that where an answer came from can always be told. A model that anything needs, or may go
// back to, never does; the reason for keeping one is said. No IO, no clock.

export interface PruningRule {
  /** The newest so many keep their files. */
  keepLast: number;
  /** Younger ones keep theirs. */
  keepDays: number;
}

export interface StoredModel {
  id: string;
  status: 'base' | 'registered' | 'refused';
  createdAtMs: number;
  files: number;
  /** Since when nothing may use its files. */
  prunedAtMs: number | null;
}

/** What needs a model now, or may at any moment. */
export interface Needs {
  production: string;
  previous: string | null;
  /** On traffic, planned, waiting in line, paused or frozen. */
  inExperiment: ReadonlySet<string>;
  /** The held-out slice's, and those of its coming weeks. */
  heldOut: ReadonlySet<string>;
  /** What a job that is not over compares its candidate with. */
  inTraining: ReadonlySet<string>;
}

/** Why nothing may take the model's files, whatever its age; null where nothing does. */
export function neededFor(id: string, needs: Needs): string | null {
  if (id === needs.production) return 'in production';
  if (id === needs.previous) return 'what production would go back to';
  if (needs.inExperiment.has(id)) return 'in an experiment';
  if (needs.heldOut.has(id)) return 'held out, or will be';
  if (needs.inTraining.has(id)) return 'a training job is measured against it';
  return null;
}

export interface Pruning {
  id: string;
  createdAtMs: number;
  /** Null: its files go. */
  kept: string | null;
}

const DAY_MS = 86_400_000;

/** Of all models that have files of their own; newest first. */
export function decidePruning(
  models: readonly StoredModel[],
  needs: Needs,
  { rule, nowMs }: { rule: PruningRule; nowMs: number },
): Pruning[] {
  return models
    .filter(
      ({ status, files, prunedAtMs }) =>
        status === 'registered' && files > 0 && prunedAtMs === null,
    )
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
    .map(({ id, createdAtMs }, place) => {
      const age = Math.floor((nowMs - createdAtMs) / DAY_MS);
      const kept =
        neededFor(id, needs) ??
        (place < rule.keepLast ? `one of the newest ${rule.keepLast}` : null) ??
        (age < rule.keepDays ? `younger than ${rule.keepDays} days` : null);
      return { id, createdAtMs, kept };
    });
}

/** As it stands in the history. */
export const ruleText = ({ keepLast, keepDays }: PruningRule): string =>
  `not among the newest ${keepLast}, ${keepDays} days old or more, and needed by nothing`;
