// Why a model gave no (whole) answer. Thrown by this folder, judged by the router.

export type ModelFailure = 'unreachable' | 'refused' | 'busy' | 'timed_out' | 'broken' | 'garbage';

/** Why there is no (whole) answer. The message names the gateway's status where it refused, and never a prompt. */
export class ModelServerError extends Error {
  readonly failure: ModelFailure;
  constructor(failure: ModelFailure, detail: string) {
    super(detail);
    this.name = 'ModelServerError';
    this.failure = failure;
  }
}
