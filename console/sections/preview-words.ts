// How a visitor took an answer, in words; and how often an arm's answers were rated low. Pure.
import type { AnswerStage, RatedAnswer } from '../api/preview-schema.ts';
import { count, percent, words } from '../format.ts';

/** What was noticed without a vote, as an operator would say it. */
const NOTICED: Readonly<Record<string, string>> = {
  reformulated: 'asked again in other words',
  abandoned: 'left at once',
  copy_event: 'copied it',
  citation_clicks: 'opened a source',
  follow_up_asked: 'asked a further question',
};

/** One phrase for each thing that is known, the votes first. */
export function reactionsOf(answer: RatedAnswer): string[] {
  const { thumb, stars, correction, noticed } = answer;
  return [
    thumb === null ? null : `thumb ${thumb}`,
    stars === null ? null : `${stars} of 5 stars`,
    correction === null
      ? null
      : ['corrected', correction.type && words(correction.type), correction.review]
          .filter((part) => part !== null && part !== '')
          .join(', '),
    ...noticed.map((name) => NOTICED[name] ?? words(name)),
  ].filter((part) => part !== null);
}

/** Who answered, and why it was not who should have. */
export function servedBy({ model_served, model_assigned, assigned_failure }: RatedAnswer): string {
  const why = assigned_failure === null ? '' : ` (${words(assigned_failure)})`;
  if (model_served === model_assigned)
    return why === '' ? model_served : `${model_served}, asked again${why}`;
  return `${model_served} in place of ${model_assigned}${why}`;
}

/** Null where nobody rated any. */
export const lowShare = ({ rated, low }: AnswerStage['control']): number | null =>
  rated === 0 ? null : low / rated;

export function lowText(counts: AnswerStage['control']): string {
  const share = lowShare(counts);
  return share === null
    ? 'none rated'
    : `${percent(share)}: ${count(counts.low)} of ${count(counts.rated)} rated`;
}

/** A control that was replaced begins another row of stages. */
export function stageName({ share, stratum }: AnswerStage, several: boolean): string {
  const at =
    share === null ? 'before stages were kept' : `at ${percent(share)}`.replaceAll(' ', '\u00a0');
  return several ? `${at}, control no. ${stratum + 1}` : at;
}
