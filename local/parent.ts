/**
 * Notices that the process which started us is gone without a signal (killed hard), so that the
 * stack ends too instead of running on unseen. Called by start.ts.
 */

const LOOK_EVERY_MS = 1000;

/** Calls back once when the parent of this process changes. */
export const onParentGone = (callback: () => void): void => {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, LOOK_EVERY_MS);
  timer.unref();
};
