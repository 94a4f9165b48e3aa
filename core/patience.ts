// How long the router waits for a model, in one place. A candidate is given up sooner, because
// production is there to answer instead; production is the last resort and is waited for.

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
  candidate: { connectMs: 6_000, firstTokenMs: 8_000, betweenTokensMs: 15_000 },
  production: { connectMs: 25_000, firstTokenMs: 30_000, betweenTokensMs: 30_000 },
};
