// The framework-free client of the assistant: sessions, streamed answers, feedback, signals.
// Import from here; the files behind it are free to move.
export { type Assistant, assistantAt, createAssistant } from './assistant.ts';
export { askAssistant, type Question, type StreamOptions, streamChat } from './chat.ts';
export { ClientError, sentenceFor, toClientError } from './errors.ts';
export { newEventId } from './event-id.ts';
export { type FeedbackOptions, sendFeedback } from './feedback.ts';
export type { ClientOptions } from './http.ts';
export { createOutbox, type Delivery, type Outbox, type OutboxOptions } from './outbox.ts';
export { eraseMe, refuseTraining } from './privacy.ts';
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
  type Noted,
  type PageEvents,
  type TrackerOptions,
  type Trackers,
  trackAnswers,
} from './trackers.ts';
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
