/**
 * A bounded number of requests run, a bounded number wait in order, the rest are told to come later.
 * Used by the gateway in front of the model server, which has no queue limit of its own.
 */
import { AgentError } from './errors.ts';

export type Limiter = {
  /** Resolves with `release` when it is this request's turn; throws `busy` when the queue is full. */
  enter(signal: AbortSignal): Promise<() => void>;
  state(): { running: number; waiting: number };
};

export const createLimiter = (limits: { running: number; waiting: number }): Limiter => {
  let running = 0;
  const queue: (() => void)[] = [];

  const leave = () => {
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  };

  const ticket = () => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      leave();
    };
  };

  return {
    state: () => ({ running, waiting: queue.length }),
    async enter(signal) {
      if (running < limits.running) {
        running += 1;
        return ticket();
      }
      if (queue.length >= limits.waiting) {
        throw new AgentError(
          'busy',
          `${running} requests run and ${queue.length} wait, which is all this server takes: try again shortly.`,
          { retryable: true },
        );
      }
      await new Promise<void>((resolve, reject) => {
        const go = () => {
          signal.removeEventListener('abort', gone);
          resolve();
        };
        const gone = () => {
          const place = queue.indexOf(go);
          if (place >= 0) queue.splice(place, 1);
          reject(new AgentError('cancelled', 'The client left while it waited.'));
        };
        if (signal.aborted) return gone();
        queue.push(go);
        signal.addEventListener('abort', gone, { once: true });
      });
      return ticket();
    },
  };
};
