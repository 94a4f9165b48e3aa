// Watches how the newest answer is used and sends its signals once: when the next question is asked
// or when the page goes away. Small enough to be used alone; the judging is done in reading.ts.
import { newEventId } from './event-id.ts';
import {
  advance,
  type Ending,
  type Reading,
  type ReadingEvent,
  signalsOf,
  startReading,
} from './reading.ts';
import { sendSignals } from './signals.ts';
import type { AnswerRef } from './wire.ts';

/** What happened to one answer, without its time. */
export type Noted =
  | { type: 'copied' }
  | { type: 'citation' }
  | { type: 'voted'; positive: boolean };

export interface Trackers {
  /** The answer has been written: reading begins. Ends the reading of the one before. */
  open(answer: AnswerRef, text: string): void;
  note(interactionId: string, event: Noted): void;
  /** Notes copying within an answer's element and clicks on its links; returns how to stop. */
  watch(interactionId: string, element: Element): () => void;
  /** Counts reading only while any of this element is on the screen; returns how to stop. */
  within(element: Element): () => void;
  close(ending: Ending): void;
  /** Nothing is sent about the answer that is open: the visitor has it deleted. */
  forget(): void;
  /** Sends what is open and lets go of the page. */
  stop(): void;
}

/** The parts of a page that are listened to. */
export interface PageEvents {
  visible(): boolean;
  now(): number;
  on(type: 'visibilitychange' | 'pagehide', listener: () => void): () => void;
}

export interface TrackerOptions {
  baseUrl?: string;
  page?: PageEvents;
  beacon?: (url: string, body: string) => boolean;
}

export function trackAnswers(options: TrackerOptions = {}): Trackers {
  const { page = browserPage(), ...send } = options;
  let onScreen = true;
  const visible = () => page.visible() && onScreen;
  let current: { answer: AnswerRef; reading: Reading } | null = null;
  const apply = (event: ReadingEvent): void => {
    if (current !== null) current = { ...current, reading: advance(current.reading, event) };
  };
  const note: Trackers['note'] = (interactionId, event) => {
    // Signals of an earlier answer have been sent already; each answer sends them once.
    if (current?.answer.interactionId === interactionId) apply({ ...event, atMs: page.now() });
  };
  const close = (ending: Ending): void => {
    if (current === null) return;
    const { answer, reading } = current;
    current = null;
    const signals = signalsOf(reading, ending, page.now());
    sendSignals(answer, signals, { ...send, eventId: newEventId() });
  };
  const look = () => apply({ type: visible() ? 'shown' : 'hidden', atMs: page.now() });
  const gone = () => close({ type: 'left' });
  const letGo = [page.on('visibilitychange', look), page.on('pagehide', gone)];

  return {
    note,
    close,
    open(answer, text) {
      gone();
      current = { answer, reading: startReading(text, page.now(), visible()) };
    },
    watch(interactionId, element) {
      const copied = () => note(interactionId, { type: 'copied' });
      const clicked = (event: Event) => {
        // The wheel opens a link too; what comes after it, the right button first, does not.
        if (event instanceof MouseEvent && event.button > 1) return;
        if (event.target instanceof Element && event.target.closest('a[href]') !== null) {
          note(interactionId, { type: 'citation' });
        }
      };
      element.addEventListener('copy', copied);
      for (const press of PRESSES) element.addEventListener(press, clicked);
      return () => {
        element.removeEventListener('copy', copied);
        for (const press of PRESSES) element.removeEventListener(press, clicked);
      };
    },
    within(element) {
      const observer = new IntersectionObserver((entries) => {
        onScreen = entries.at(-1)?.isIntersecting ?? true;
        look();
      });
      observer.observe(element);
      return () => observer.disconnect();
    },
    forget() {
      current = null;
    },
    stop() {
      gone();
      for (const off of letGo) off();
    },
  };
}

const PRESSES = ['click', 'auxclick'] as const;

function browserPage(): PageEvents {
  return {
    visible: () => document.visibilityState === 'visible',
    now: () => Date.now(),
    on(type, listener) {
      // Visibility is told to the document, leaving to the window.
      const target = type === 'pagehide' ? window : document;
      target.addEventListener(type, listener);
      return () => target.removeEventListener(type, listener);
    },
  };
}
