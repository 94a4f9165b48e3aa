// Where anything came from: an answer, a verdict, a model or a dataset by its id. Shows the record as
// a tree of names and values; every value is a text node, because some are visitors' words.
import { type SubmitEvent, useState } from 'react';
import { type Api, messageOf } from '../api/client.ts';
import { anythingSchema } from '../api/schema.ts';
import { words } from '../format.ts';
import { fieldsOf, summaryOf } from './record-fields.ts';
import { Section } from './section.tsx';

/** Longer or deeper records are folded away at first. */
const LONG = 30;

export function Lineage({ api }: { api: Api }) {
  const [id, setId] = useState('');
  const [found, setFound] = useState<unknown>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const look = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wanted = id.trim();
    if (wanted === '') return;
    setProblem(null);
    try {
      setFound(await api.get(`/admin/lineage/${encodeURIComponent(wanted)}`, anythingSchema));
    } catch (thrown) {
      setFound(null);
      setProblem(messageOf(thrown));
    }
  };

  return (
    <Section id="lineage" title="Where did it come from?">
      <form className="actions" onSubmit={(event) => void look(event)}>
        <label className="unseen" htmlFor="lineage-id">
          Id of an answer, event, model or dataset
        </label>
        <input
          id="lineage-id"
          className="field"
          data-testid="lineage-input"
          value={id}
          placeholder="Answer, event, model or dataset id"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setId(event.target.value)}
        />
        <button
          type="submit"
          className="button"
          data-testid="lineage-look"
          disabled={id.trim() === ''}
        >
          Look up
        </button>
      </form>
      {problem !== null && (
        <p className="alarm" role="alert">
          {problem}
        </p>
      )}
      {found !== null && (
        <div className="lineage" data-testid="lineage-result">
          <Value value={found} depth={0} />
        </div>
      )}
    </Section>
  );
}

function Value({ value, depth }: { value: unknown; depth: number }) {
  const fields = fieldsOf(value);
  if (fields === null) return <span className="value">{plain(value)}</span>;
  if (fields.length === 0) return <span className="quiet">none</span>;
  const tree = (
    <dl className={depth === 0 ? 'tree root' : 'tree'}>
      {fields.map(([name, inner]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>
            <Value value={inner} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
  if (depth < 2 && fields.length <= LONG) return tree;
  return (
    <details>
      <summary>{summaryOf(fields)}</summary>
      {tree}
    </details>
  );
}

function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'none';
  return String(value);
}
