// Sends verdicts on one answer and knows how each stands. "Recorded" is said only after the server
// has said so; a verdict that did not get through waits in the outbox and is sent once, later.
import { useEffect, useRef, useState } from 'react';
import {
  type AnswerRef,
  type Delivery,
  newEventId,
  type Outbox,
  sentenceFor,
  type Verdict,
} from '../client/index.ts';

export type Sending =
  | { state: 'idle' }
  | { state: 'sending' }
  | { state: 'recorded' | 'waiting' }
  | { state: 'refused'; sentence: string };

export interface Feedback {
  sending: Sending;
  thumb: 'thumbs_up' | 'thumbs_down' | null;
  stars: number;
  corrected: boolean;
  /** True when it has been recorded or is kept until it can be. */
  send(verdict: Verdict): Promise<boolean>;
  /** Tries again what waits. */
  retry(): Promise<void>;
}

export function useFeedback(answer: AnswerRef, outbox: Outbox): Feedback {
  const [sending, setSending] = useState<Sending>({ state: 'idle' });
  const [thumb, setThumb] = useState<Feedback['thumb']>(null);
  const [stars, setStars] = useState(0);
  const [corrected, setCorrected] = useState(false);
  const latest = useRef<string | null>(null);
  const underWay = useRef<string | null>(null);

  useEffect(
    () =>
      outbox.watch((eventId, delivery) => {
        if (eventId === latest.current) setSending(standing(delivery));
      }),
    [outbox],
  );
  const stands = (verdict: Verdict): boolean => {
    if (verdict.feedback_type === 'correction') return false;
    if (verdict.feedback_type === 'rating') return stars === verdict.value;
    return thumb === verdict.feedback_type;
  };
  const mark = (verdict: Verdict) => {
    if (verdict.feedback_type === 'rating') setStars(verdict.value);
    else if (verdict.feedback_type === 'correction') setCorrected(true);
    else setThumb(verdict.feedback_type);
  };

  return {
    sending,
    thumb,
    stars,
    corrected,
    async send(verdict) {
      // Pressed twice, it is the same verdict and not another one.
      const said = JSON.stringify(verdict);
      if (said === underWay.current || stands(verdict)) return true;
      underWay.current = said;
      const eventId = newEventId();
      latest.current = eventId;
      setSending({ state: 'sending' });
      const delivery = await outbox.send(answer, verdict, eventId);
      if (underWay.current === said) underWay.current = null;
      if (latest.current === eventId) setSending(standing(delivery));
      if (delivery.state === 'refused') return false;
      mark(verdict);
      return true;
    },
    retry: () => outbox.flush(),
  };
}

function standing(delivery: Delivery): Sending {
  if (delivery.state !== 'refused') return { state: delivery.state };
  return { state: 'refused', sentence: sentenceFor(delivery.error) };
}
