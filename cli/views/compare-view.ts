/**
 * The arms of an experiment as an operator compares them by reading: one question with both answers, and the
 * answers of one arm with what visitors thought of them. Strangers wrote most of it; the layout neutralises
 * it. Arms are counted by stage and never pooled. Pure.
 */
import { answererName } from '../../core/preview.ts';
import type { AnswersPage, Comparison, RatedAnswer, Side } from '../compare-schemas.ts';
import { type Cell, facts, instant, number, page, percent, section, table } from '../layout.ts';
import { oneLine } from '../safe-text.ts';

const plain = (word: string) => word.replaceAll('_', ' ');
const seconds = (ms: number) => `${number(Math.round(ms / 100) / 10)} s`;
const GONE = '(its words were removed with age)';

export function comparisonText(both: Comparison, question: string): string {
  return page(
    facts([['asked', question]], ''),
    sideText('Candidate', both.treatment, both.control),
    sideText('Production', both.control, both.treatment),
    'Nothing of this was recorded.',
  );
}

function sideText(name: string, side: Side, other: Side): string {
  const { error, first_token_ms: first, usage, finish_reason: finish } = side;
  const took = [
    first === null ? null : `first word after ${seconds(first)}`,
    `${error === null ? 'done' : 'ended'} after ${seconds(side.total_ms)}`,
    usage === null ? null : `${number(usage.completion_tokens)} tokens`,
    finish === 'length' ? 'cut at its longest' : null,
  ].filter((part) => part !== null);
  return section(
    oneLine(`${name}  ${answererName(side, other)}`),
    facts([
      ['answered', side.response],
      ...(error === null ? [] : [['failed', error.message] as const]),
      ['took', took.join(', ')],
    ]),
  );
}

export function answersText(found: AnswersPage): string {
  const { arm, low, order, stages, answers, next } = found;
  const what = `${low ? 'Low-rated answers' : 'Answers'} of ${arm}, ${order} first`;
  const none = low ? 'None was rated below zero.' : 'There are none.';
  return page(
    stages === null ? null : section('Both arms by stage', stageTable(stages)),
    oneLine(`${what}: ${found.experiment_id}`),
    answers.length === 0 ? none : null,
    ...answers.map(answerText),
    next === null ? null : `More: the same with --after ${oneLine(next)}`,
  );
}

type Stages = NonNullable<AnswersPage['stages']>;

function stageTable(stages: Stages): string {
  const several = new Set(stages.map(({ stratum }) => stratum)).size > 1;
  return table(
    [
      ...(several ? [{ title: 'control no.', right: true }] : []),
      { title: 'share', right: true },
      { title: 'arm' },
      { title: 'answers', right: true },
      { title: 'rated', right: true },
      { title: 'low', right: true },
      { title: 'low, of rated', right: true },
    ],
    stages.flatMap(({ stratum, share, control, treatment }) =>
      ([['control', control] as const, ['treatment', treatment] as const] as const).map(
        ([arm, { answers, rated, low }]): Cell[] => [
          ...(several ? [stratum + 1] : []),
          percent(share),
          arm,
          answers,
          rated,
          low,
          rated === 0 ? null : percent(low / rated),
        ],
      ),
    ),
    'No answer was recorded yet.',
  );
}

function answerText(answer: RatedAnswer): string {
  const { share, correction, bounded } = answer;
  const said = saidOf(answer);
  const title = [
    answer.interaction_id,
    instant(answer.at),
    share === null ? '' : `at ${percent(share)}`,
  ];
  return section(
    oneLine(title.filter((part) => part !== '').join('  ')),
    facts([
      ['asked', answer.query ?? GONE],
      ['answered', answer.response ?? GONE],
      ...(correction === null ? [] : [['corrected to', correction.text ?? GONE] as const]),
      ['visitor', said],
      ['model', servedBy(answer)],
      ...(answer.history_turns === 0
        ? []
        : [['turn', `question ${answer.history_turns + 1} of its conversation`] as const]),
      ...(bounded === null ? [] : [['not counted', `a vote on it: ${plain(bounded)}`] as const]),
      ...(answer.training_opt_out ? [['training', 'refused by the visitor'] as const] : []),
    ]),
  );
}

function saidOf({ thumb, stars, correction, noticed, score }: RatedAnswer): string {
  const said = [
    thumb === null ? null : `thumb ${thumb}`,
    stars === null ? null : `${number(stars)} of 5 stars`,
    correction === null
      ? null
      : `correction${correction.type === null ? '' : ` (${plain(correction.type)})`}${correction.review === null ? '' : `, ${correction.review}`}`,
    ...noticed.map(plain),
    score === null ? null : `score ${number(score)}`,
  ].filter((part) => part !== null);
  return said.length === 0 ? 'said nothing' : said.join('; ');
}

function servedBy({
  model_served: served,
  model_assigned: assigned,
  assigned_failure: why,
}: RatedAnswer) {
  const because = why === null ? '' : ` (${plain(why)})`;
  if (served === assigned) return why === null ? served : `${served}, asked again${because}`;
  return `${served}, in place of ${assigned}${because}`;
}
