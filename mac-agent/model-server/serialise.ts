/**
 * Runs asynchronous changes one after another in the order they were asked for.
 * Used by both model servers, where two registrations at once would each drop the other's model.
 */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export const serialise = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
};
