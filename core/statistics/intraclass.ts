// How much the yes-or-no observations of one user resemble each other: the analysis-of-variance
// estimator over users of different sizes (Donner, Int. Stat. Rev. 1986, sec. 2.2). Used by the plan.

export interface ClusterSums {
  users: number;
  /** Σ n, Σ y, Σ n², Σ y²/n over users. */
  n: number;
  y: number;
  nn: number;
  yyOverN: number;
}

/** Between 0 and 1; 0 where nobody was observed twice, since then it changes nothing. */
export function intraclassCorrelation({ users, n, y, nn, yyOverN }: ClusterSums): number {
  if (!(users > 1) || !(n > users)) return 0;
  const between = (yyOverN - y ** 2 / n) / (users - 1);
  const within = (y - yyOverN) / (n - users);
  const size = (n - nn / n) / (users - 1);
  const estimate = (between - within) / (between + (size - 1) * within);
  return Number.isFinite(estimate) ? Math.min(1, Math.max(0, estimate)) : 0;
}
