// Keeps the end of the conversation in view while it grows. Scrolling back is left alone: it only
// follows a reader who is at its end, except when a new question has just been asked.
import { type RefObject, useEffect } from 'react';
import type { Turn } from './conversation.ts';

const NEAR_END_PX = 260;

export function useFollow(talk: RefObject<HTMLElement | null>, last: Turn | undefined): void {
  const id = last?.id;
  const grown = `${last?.answer.length} ${last?.state.phase}`;

  useEffect(() => {
    if (id !== undefined) toEnd(talk.current);
  }, [id, talk]);

  useEffect(() => {
    const area = talk.current;
    if (area === null || grown === '') return;
    const below = area.scrollHeight - area.scrollTop - area.clientHeight;
    if (below < NEAR_END_PX) toEnd(area);
  }, [grown, talk]);
}

function toEnd(area: HTMLElement | null): void {
  area?.scrollTo({ top: area.scrollHeight });
}
