// Watches how the newest answer is used and sends its signals once: when the next question is
// asked or when the page goes away. Used by use-chat; the judging is done in client/reading.ts.
import { useEffect, useMemo } from 'react';
import {
  type AnswerRef,
  advance,
  type Ending,
  newEventId,
  type Reading,
  type ReadingEvent,
  sendSignals,
  signalsOf,
  startReading,
} from '../client/index.ts';

interface Open {
  answer: AnswerRef;
  reading: Reading;
}

/** What happened to one answer, without its time. */
export type Noted =
  | { type: 'copied' }
  | { type: 'citation' }
  | { type: 'voted'; positive: boolean };

export interface Readings {
  open(answer: AnswerRef, text: string): void;
  note(interactionId: string, event: Noted): void;
  close(ending: Ending): void;
}

export function useReadings(): Readings {
  const readings = useMemo(createReadings, []);
  useEffect(() => {
    const seen = () => readings.look(document.visibilityState === 'visible');
    const gone = () => readings.close({ type: 'left' });
    document.addEventListener('visibilitychange', seen);
    window.addEventListener('pagehide', gone);
    return () => {
      document.removeEventListener('visibilitychange', seen);
      window.removeEventListener('pagehide', gone);
    };
  }, [readings]);
  return readings;
}

function createReadings(): Readings & { look(visible: boolean): void } {
  let current: Open | null = null;
  const apply = (event: ReadingEvent): void => {
    if (current !== null) current = { ...current, reading: advance(current.reading, event) };
  };
  return {
    open(answer, text) {
      const visible = document.visibilityState === 'visible';
      current = { answer, reading: startReading(text, Date.now(), visible) };
    },
    note(interactionId, event) {
      // Signals of an earlier answer have been sent already; each answer sends them once.
      if (current?.answer.interactionId === interactionId) apply({ ...event, atMs: Date.now() });
    },
    look: (visible) => apply({ type: visible ? 'shown' : 'hidden', atMs: Date.now() }),
    close(ending) {
      if (current === null) return;
      const signals = signalsOf(current.reading, ending, Date.now());
      sendSignals(current.answer, signals, { eventId: newEventId() });
      current = null;
    },
  };
}
