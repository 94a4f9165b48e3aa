// Keeps the end of the conversation in view while it grows. Scrolling back is left alone: the page only
// follows a reader who is at its end, except when a new question has just been asked.
import { useEffect } from 'react';
import type { Turn } from './conversation.ts';

const NEAR_END_PX = 260;

export function useFollow(last: Turn | undefined): void {
  const id = last?.id;
  const grown = `${last?.answer.length} ${last?.state.phase}`;

  useEffect(() => {
    if (id !== undefined) toEnd();
  }, [id]);

  useEffect(() => {
    const page = document.documentElement;
    const below = page.scrollHeight - page.scrollTop - page.clientHeight;
    if (grown !== '' && below < NEAR_END_PX) toEnd();
  }, [grown]);
}

function toEnd(): void {
  window.scrollTo({ top: document.documentElement.scrollHeight });
}
