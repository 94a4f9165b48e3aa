// Whose fault an answer's trouble is. A version is blamed only when production was well at that moment: a
// Mac that is down must not decide an experiment. Pure; the router calls it once
// for each answer and the record keeps the word.

/** `model`: it counts against the assigned version. `service`: it counts against none. */
export type Fault = 'model' | 'service';

export interface Trouble {
  /** Why the assigned version gave no first token and production was asked, or asked again; null when it gave one. */
  assignedFailure: string | null;
  /** `unanswered`: nobody gave a first token. `left`: the client went, before or after it. */
  outcome: 'complete' | 'broke' | 'unanswered' | 'left';
  /** Somebody gave a first token. */
  answered: boolean;
  /** Production was assigned, and gave its first token later than a candidate may. */
  late: boolean;
  /** What this isolate knows of production from its other answers. */
  productionWell: boolean;
}

/** Null when there is nobody to blame. */
export function blame(trouble: Trouble): Fault | null {
  const { assignedFailure, outcome, answered, late, productionWell } = trouble;
  if (assignedFailure !== null) {
    if (outcome === 'unanswered' || outcome === 'broke') return 'service';
    if (!answered) return null;
    // The gateway's queue is everyone's: being asked first is not a reason to be blamed for it.
    return assignedFailure === 'busy' ? 'service' : 'model';
  }
  switch (outcome) {
    case 'complete':
    case 'left':
      // A candidate would have been replaced by then and blamed. Were only one arm's late answers failures,
      // a candidate that is production's equal would have more of them.
      return late && productionWell ? 'model' : null;
    case 'unanswered':
      return 'service';
    case 'broke':
      // In both arms by the same rule: where only a candidate's breaks counted, one that is production's
      // equal would be taken for worse.
      return productionWell ? 'model' : 'service';
  }
}
