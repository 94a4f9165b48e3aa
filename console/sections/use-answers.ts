// One arm's answers, page after page, for what is asked now: another arm or order begins anew.
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { type AnswerStage, answersPageSchema, type RatedAnswer } from '../api/preview-schema.ts';

export interface Wanted {
  arm: 'control' | 'treatment';
  low: boolean;
  order: 'newest' | 'worst';
}

export interface Answers {
  stages: readonly AnswerStage[] | null;
  /** Null until the first page is there. */
  list: readonly RatedAnswer[] | null;
  next: string | null;
  problem: string | null;
  loading: boolean;
  more(): void;
  again(): void;
}

const A_PAGE = '10';

export function useAnswers(api: Api, experimentId: string, { arm, low, order }: Wanted): Answers {
  const [stages, setStages] = useState<readonly AnswerStage[] | null>(null);
  const [list, setList] = useState<readonly RatedAnswer[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  // Only the newest read may change anything.
  const newest = useRef(0);

  const read = useCallback(
    async (after: string | null) => {
      newest.current += 1;
      const mine = newest.current;
      setLoading(true);
      const query = new URLSearchParams({
        arm,
        order,
        limit: A_PAGE,
        ...(low ? { low: 'true' } : {}),
        ...(after === null ? {} : { after }),
      });
      try {
        const path = `/admin/experiments/${encodeURIComponent(experimentId)}/answers?${query}`;
        const page = await api.get(path, answersPageSchema);
        if (mine !== newest.current) return;
        setList((held) => [...(after === null ? [] : (held ?? [])), ...page.answers]);
        setNext(page.next);
        if (page.stages !== null) setStages(page.stages);
        setProblem(null);
      } catch (thrown) {
        if (mine === newest.current) setProblem(messageOf(thrown));
      } finally {
        if (mine === newest.current) setLoading(false);
      }
    },
    [api, experimentId, arm, low, order],
  );

  useEffect(() => {
    setList(null);
    setNext(null);
    void read(null);
    return () => {
      newest.current += 1;
    };
  }, [read]);

  return {
    stages,
    list,
    next,
    problem,
    loading,
    more: () => void (next !== null && read(next)),
    again: () => void read(null),
  };
}
