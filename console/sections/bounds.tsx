// Visitors whose votes do not all count: who, by which rule, since when and on which answers. Nothing can
// be changed here, because what counts follows from the record and learning.yaml.
import { useState } from 'react';
import type { Api } from '../api/client.ts';
import { type BoundedVisitor, boundsSchema } from '../api/schema.ts';
import { usePolled } from '../api/use-polled.ts';
import { ago, count, counted, moment, words } from '../format.ts';
import { Empty, Section } from './section.tsx';

/** What each rule says, as an operator would say it of a visitor. */
const RULES: Readonly<Record<string, string>> = {
  burst: 'too many within a minute',
  daily_cap: 'too many in a day',
  one_way: 'all one way',
};

export function Bounds({ api, now }: { api: Api; now: string }) {
  const [after, setAfter] = useState<string | null>(null);
  const path = `/admin/bounds${after === null ? '' : `?after=${encodeURIComponent(after)}`}`;
  const { data, error } = usePolled(api, path, boundsSchema, { everyMs: 120_000 });
  const next = data?.next ?? null;
  return (
    <Section
      id="bounds"
      title="Votes that do not count"
      error={error}
      aside={
        <div className="row">
          {after !== null && (
            <button type="button" className="button" onClick={() => setAfter(null)}>
              First page
            </button>
          )}
          {next !== null && (
            <button
              type="button"
              className="button"
              data-testid="bounds-next"
              onClick={() => setAfter(next)}
            >
              Next page
            </button>
          )}
        </div>
      }
    >
      <div className="stack">
        {data?.visitors.length === 0 && (
          <Empty>Every vote since {moment(data.since)} counts.</Empty>
        )}
        {data !== null && (
          <p className="quiet">
            Of a visitor’s votes at most {count(data.bounds.max_votes_per_day)} a day and{' '}
            {count(data.bounds.max_votes_per_minute)} within a minute are evidence; from{' '}
            {count(data.bounds.one_way_votes_per_week)} in a week that all point one way, one. All
            stay in the record.
          </p>
        )}
        <ul className="reviews">
          {data?.visitors.map((visitor) => (
            <VisitorItem key={visitor.visitor_id} visitor={visitor} now={now} />
          ))}
        </ul>
      </div>
    </Section>
  );
}

function VisitorItem({ visitor, now }: { visitor: BoundedVisitor; now: string }) {
  const rules = Object.entries(visitor.by_rule).filter(([, votes]) => votes > 0);
  const bounded = visitor.votes - visitor.counting;
  return (
    <li className="review" data-testid="bounded-visitor" data-id={visitor.visitor_id}>
      <p className="asked">
        {count(visitor.counting)} of {counted(visitor.votes, 'vote')}{' '}
        {visitor.counting === 1 ? 'counts' : 'count'}
      </p>
      <p className="quiet">
        <strong>
          {rules.map(([rule, votes]) => `${RULES[rule] ?? rule}: ${votes}`).join(' · ')}
        </strong>
        {' · visitor '}
        <code>{visitor.visitor_id}</code>
      </p>
      <p className="quiet">
        First {ago(visitor.first_at, now)}, last {ago(visitor.last_at, now)}
      </p>
      <details>
        <summary>
          {visitor.answers.length < bounded
            ? `The first ${visitor.answers.length} of ${counted(bounded, 'vote')} that do not`
            : `${counted(bounded, 'vote')} that ${bounded === 1 ? 'does' : 'do'} not`}
        </summary>
        <ul>
          {visitor.answers.map((answer) => (
            <li key={`${answer.interaction_id} ${answer.feedback_type}`}>
              <code>{answer.interaction_id}</code> {words(answer.feedback_type)},{' '}
              {RULES[answer.rule] ?? answer.rule}
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}
