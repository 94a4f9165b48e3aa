// How long the router waits for a model, in one place. Before its first token a candidate is given up sooner,
// because production is there to answer instead; production is the last resort and is waited for. What it
// gives later than a candidate may counts as its failure in an experiment: see blame.ts.

export interface ModelPatience {
  /** Until the gateway begins to answer: the connection, its queue and loading the model. */
  connectMs: number;
  /** Until the first piece of text, from the start. */
  firstTokenMs: number;
  /** Between two pieces, once the first has come. */
  betweenTokensMs: number;
}

export interface Patience {
  candidate: ModelPatience;
  production: ModelPatience;
}

export const PATIENCE: Patience = {
  // One limit until the first token: what comes before it cannot be told of production afterwards. Once
  // text was sent nobody stands in, so there the two are waited for alike.
  candidate: { connectMs: 8_000, firstTokenMs: 8_000, betweenTokensMs: 30_000 },
  production: { connectMs: 25_000, firstTokenMs: 30_000, betweenTokensMs: 30_000 },
};
