// The framework-free client of the assistant: sessions, streamed answers, feedback, signals.
// Import from here; the files behind it are free to move. Touches no DOM except sendBeacon.
export { askAssistant, type Question, type StreamOptions, streamChat } from './chat.ts';
export { ClientError, sentenceFor, toClientError } from './errors.ts';
export { type FeedbackOptions, newEventId, sendFeedback } from './feedback.ts';
export type { ClientOptions } from './http.ts';
export {
  advance,
  type Ending,
  isReformulation,
  type Reading,
  type ReadingEvent,
  signalsOf,
  startReading,
} from './reading.ts';
export {
  browserStorage,
  createSession,
  type KeyValue,
  keepSession,
  memoryStorage,
  type SessionKeeper,
} from './session.ts';
export { type SignalOptions, sendSignals } from './signals.ts';
export { readSse } from './sse.ts';
export {
  type AnswerRef,
  type ChatEvent,
  type CorrectionType,
  correctionTypes,
  type Session,
  type Signals,
  type Source,
  type Verdict,
} from './wire.ts';
