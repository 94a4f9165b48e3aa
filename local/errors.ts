/**
 * Trouble of the local stack, as one sentence for the person at the terminal: what is wrong and
 * the way out. Thrown everywhere in local/, printed by start.ts. It never carries a secret.
 */

export class StackError extends Error {
  override readonly name = 'StackError';
}

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
};

export const hasCode = (error: unknown, code: string): boolean => codeOf(error) === code;

const noRoom =
  'The disk is full: free some space (a first install needs about 3 GB) and run the same command again; what was half done is redone.';

/** Turns any failure into one sentence; what is not known keeps its own message. */
export const explain = (error: unknown): string => {
  if (error instanceof StackError) return error.message;
  if (hasCode(error, 'ENOSPC')) return noRoom;
  if (!(error instanceof Error)) return String(error);
  if (/ENOSPC|No space left on device/.test(error.message)) return noRoom;
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) {
    return `No permission: ${error.message}. Give this user the folder, or point BRUNO_HOME at one it may write to.`;
  }
  if (hasCode(error, 'EROFS')) {
    return `The disk is read-only: ${error.message}. Point BRUNO_HOME at a folder that can be written to.`;
  }
  return error.message;
};
