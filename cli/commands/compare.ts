/**
 * `bruno experiment answers|chat`: what an operator reads before an approval. Both only look: a conversation
 * is recorded nowhere, so asking it again is harmless.
 */
import { ANSWER_ORDERS } from '../../core/wire/experiment-answers.ts';
import { answersPage, comparison } from '../compare-schemas.ts';
import { parseChoice, parseCount, parseId, parseText } from '../option-values.ts';
import { argument, type Command, type CommandCall, textOption } from '../outcome.ts';
import { answersText, comparisonText } from '../views/compare-view.ts';

const ARMS = ['control', 'treatment'] as const;
/** As long as the stack waits for a model, and a little. */
const ANSWER_WITHIN_MS = 130_000;

const pathOf = (call: CommandCall, what: string) =>
  `/admin/experiments/${encodeURIComponent(parseId(argument(call, 0), 'ID'))}/${what}`;

export const listAnswers: Command = async (call) => {
  const { options } = call;
  const arm = parseChoice(textOption(options, 'arm') ?? '', ARMS, '--arm');
  const order = textOption(options, 'order');
  const limit = textOption(options, 'limit');
  const after = textOption(options, 'after');
  const query = new URLSearchParams({
    arm,
    ...(options.has('low') ? { low: 'true' } : {}),
    ...(order === undefined ? {} : { order: parseChoice(order, ANSWER_ORDERS, '--order') }),
    ...(limit === undefined
      ? {}
      : { limit: String(parseCount(limit, '--limit', { least: 1, most: 200 })) }),
    ...(after === undefined ? {} : { after }),
  });
  const document = await call.client.get(`${pathOf(call, 'answers')}?${query}`, answersPage);
  return { document, text: answersText(document) };
};

export const chatWithBoth: Command = async (call) => {
  const message = parseText(argument(call, 1), 'QUESTION');
  call.progress.show('asking both', 'asking both');
  const document = await call.client.post(
    {
      path: pathOf(call, 'preview'),
      body: { message },
      repeatable: true,
      ...(call.options.has('time-out') ? {} : { timeOutMs: ANSWER_WITHIN_MS }),
    },
    comparison,
  );
  const outcome = { document, text: comparisonText(document, message) };
  const failed = [document.treatment, document.control].flatMap(({ error }) => error ?? []);
  const [first] = failed;
  if (first === undefined) return outcome;
  const which = failed.length === 2 ? 'Neither answered' : 'One did not answer';
  return { ...outcome, failure: { code: first.code, message: `${which}: ${first.message}` } };
};
