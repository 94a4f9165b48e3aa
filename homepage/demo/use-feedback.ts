// Sends verdicts on one answer and knows how each stands. "Recorded" is said only after the server
// has said so; a failed verdict is kept with its event id, so that sending it again counts it once.
import { useRef, useState } from 'react';
import {
  type AnswerRef,
  newEventId,
  sendFeedback,
  sentenceFor,
  toClientError,
  type Verdict,
} from '../client/index.ts';

export type Sending =
  | { state: 'idle' }
  | { state: 'sending' }
  | { state: 'recorded' }
  | { state: 'failed'; sentence: string };

export interface Feedback {
  sending: Sending;
  thumb: 'thumbs_up' | 'thumbs_down' | null;
  stars: number;
  corrected: boolean;
  send(verdict: Verdict): Promise<boolean>;
  retry(): Promise<boolean>;
}

interface Attempt {
  verdict: Verdict;
  eventId: string;
}

export function useFeedback(answer: AnswerRef): Feedback {
  const [sending, setSending] = useState<Sending>({ state: 'idle' });
  const [thumb, setThumb] = useState<Feedback['thumb']>(null);
  const [stars, setStars] = useState(0);
  const [corrected, setCorrected] = useState(false);
  const latest = useRef<Attempt | null>(null);

  const mark = (verdict: Verdict) => {
    if (verdict.feedback_type === 'rating') setStars(verdict.value);
    else if (verdict.feedback_type === 'correction') setCorrected(true);
    else setThumb(verdict.feedback_type);
  };

  const attempt = async (next: Attempt): Promise<boolean> => {
    latest.current = next;
    setSending({ state: 'sending' });
    try {
      await sendFeedback(answer, next.verdict, { eventId: next.eventId });
      mark(next.verdict);
      if (latest.current === next) setSending({ state: 'recorded' });
      return true;
    } catch (thrown) {
      const sentence = sentenceFor(toClientError(thrown));
      if (latest.current === next) setSending({ state: 'failed', sentence });
      return false;
    }
  };

  return {
    sending,
    thumb,
    stars,
    corrected,
    send: (verdict) => attempt({ verdict, eventId: newEventId() }),
    retry: async () => latest.current !== null && (await attempt(latest.current)),
  };
}
