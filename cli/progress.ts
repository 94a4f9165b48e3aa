/**
 * Shows that a long command is alive: one redrawn line on a terminal, else one line a change.
 * Used by --wait and --follow. It writes to the error stream only, so output stays pure.
 */
import type { Io } from './io.ts';
import { parseSeconds } from './option-values.ts';
import { cutTo, oneLine } from './safe-text.ts';

const POLL_MS = 1000;
const DAY_SECONDS = 86_400;

export type Progress = {
  /** `change` is what a log is worth a new line for; `line` may move every second. */
  readonly show: (line: string, change: string) => void;
  readonly end: () => void;
};

export const silent: Progress = { show: () => {}, end: () => {} };

export function createProgress(io: Io): Progress {
  let lastChange = '';
  let isDrawn = false;
  return {
    show: (line, change) => {
      if (io.errorIsTerminal) {
        // The only escape codes this program writes; the text between them is neutralised.
        io.writeError(`\r\u001b[2K${cutTo(oneLine(line), Math.max(20, io.columns - 1))}`);
        isDrawn = true;
        return;
      }
      if (change === lastChange) return;
      lastChange = change;
      io.writeError(`${oneLine(line)}\n`);
    },
    end: () => {
      if (isDrawn) io.writeError('\r\u001b[2K');
      isDrawn = false;
    },
  };
}

/** Reads until `isDone` or the limit; the last reading either way, with whether it was in time. */
export async function poll<Reading>(parts: {
  readonly io: Io;
  readonly limit: string | undefined;
  readonly read: () => Promise<Reading>;
  readonly isDone: (reading: Reading) => boolean;
  readonly onReading: (reading: Reading) => void;
}): Promise<{ readonly reading: Reading; readonly inTime: boolean }> {
  const until = parts.io.nowMs() + waitLimitSeconds(parts.limit) * 1000;
  for (;;) {
    const reading = await parts.read();
    if (parts.isDone(reading)) return { reading, inTime: true };
    parts.onReading(reading);
    if (parts.io.nowMs() >= until) return { reading, inTime: false };
    await parts.io.sleep(POLL_MS);
  }
}

export function waitLimitSeconds(text: string | undefined): number {
  return parseSeconds('--wait-limit', text, {
    fallback: DAY_SECONDS,
    least: 0,
    most: 7 * DAY_SECONDS,
  });
}
