// Every model with its stage and what its evaluation showed: held-out loss before and after, with the
// interval that people must weigh before they let it near visitors.
import type { Model, Status } from '../api/schema.ts';
import { HeldOutRow } from '../charts/interval.tsx';
import { heldOut } from '../charts/metrics.ts';
import { rangeAroundZero } from '../charts/scale.ts';
import { DASH, moment } from '../format.ts';
import { Empty, Section } from './section.tsx';

const STAGES: Record<string, string> = {
  base: 'the base every model starts from',
  registered: 'passed its evaluation, not live',
  candidate: 'tried on a share of visitors',
  production: 'answers visitors',
  retired: 'was live before',
  refused: 'did not pass its evaluation',
};

export function Models({ status }: { status: Status }) {
  const models = status.models ?? [];
  return (
    <Section id="models" title="Models">
      {models.length === 0 && <Empty>No model is registered yet.</Empty>}
      <ul className="models">
        {models.map((model) => (
          <ModelItem key={model.id} model={model} />
        ))}
      </ul>
    </Section>
  );
}

function ModelItem({ model }: { model: Model }) {
  const trained = model.dataset_id != null;
  const results = heldOut(model.metrics);
  const ends = results.flatMap(({ change }) => (change ? [change.lower, change.upper] : []));
  const range = rangeAroundZero(ends);
  return (
    <li className="stack" data-testid="model-item" data-id={model.id} data-stage={model.stage}>
      <header>
        <h3>{model.id}</h3>
        {model.display && model.display !== model.stage && (
          <span className="quiet">{model.display}</span>
        )}
        <span className={`stage ${model.stage}`}>{model.stage}</span>
      </header>
      <p className="quiet">{STAGES[model.stage] ?? model.stage}</p>
      {model.reason && trained && <p className="verdict">{model.reason}</p>}
      {(model.flags ?? []).map((flag) => (
        <p key={`${flag.at} ${flag.reason}`} className="verdict" data-testid="model-flag">
          <strong>Flagged</strong> {flag.reason}
        </p>
      ))}
      {results.map((result) => (
        <HeldOutRow key={result.set} result={result} range={range} />
      ))}
      {ends.length > 0 && <p className="key quiet">← better · change in held-out loss · worse →</p>}
      {trained && (
        <p className="quiet">
          from <code>{model.parent ?? model.base ?? DASH}</code>, dataset{' '}
          <code>{model.dataset_id ?? DASH}</code>, {moment(model.created_at)}
          {model.git_commit && (
            <>
              , code <code>{model.git_commit.slice(0, 10)}</code>
            </>
          )}
        </p>
      )}
    </li>
  );
}
