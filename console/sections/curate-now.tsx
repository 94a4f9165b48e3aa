// Starts curation at once and follows it until it is complete. Used in the heading of the datasets.
import { useEffect, useRef, useState } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { curationSchema, curationStartedSchema } from '../api/schema.ts';
import { problemOf } from './problem.ts';

type Run =
  | { state: 'none' }
  | { state: 'running'; says: string }
  | { state: 'complete'; says: string }
  | { state: 'failed'; problem: string };

const EVERY_MS = 1500;

export function CurateNow({ api, onFinished }: { api: Api; onFinished: () => void }) {
  const [run, setRun] = useState<Run>({ state: 'none' });
  const alive = useRef(true);

  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);

  const follow = async (runId: string, says: string): Promise<void> => {
    while (alive.current) {
      const path = `/admin/curations/${encodeURIComponent(runId)}`;
      const { status, error } = await api.get(path, curationSchema);
      if (status === 'complete') {
        setRun({ state: 'complete', says });
        return onFinished();
      }
      if (status === 'errored') throw new Error(problemOf(error) ?? 'No reason was given.');
      setRun({ state: 'running', says: status });
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };
  const start = async () => {
    setRun({ state: 'running', says: 'starting' });
    try {
      const started = await api.post('/admin/datasets', {}, curationStartedSchema);
      const { dataset_id: id, existed } = started;
      await follow(started.run_id, existed ? `${id} was made before.` : `${id} is made.`);
    } catch (thrown) {
      setRun({ state: 'failed', problem: messageOf(thrown) });
    }
  };

  return (
    <div className="curate">
      <span role="status" data-testid="curate-status" data-state={run.state}>
        {run.state === 'running' && `Curating: ${run.says}…`}
        {run.state === 'complete' && run.says}
        {run.state === 'failed' && <span className="alarm">Not made. {run.problem}</span>}
      </span>
      <button
        type="button"
        className="button"
        data-testid="curate-now"
        disabled={run.state === 'running'}
        onClick={() => void start()}
      >
        Curate now
      </button>
    </div>
  );
}
