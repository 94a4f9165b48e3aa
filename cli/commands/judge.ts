/**
 * `bruno judge show|measure`: who judges the answers of experiments, and how well. A measurement plants
 * texts of which it is known whether their sources support them, and waits for the agent's verdicts.
 */
import { judgeView } from '../../core/judge-view.ts';
import { judgeOf } from '../../core/judging.ts';
import {
  measureSupportCheck,
  plantedOf,
  sampleOf,
  shippedBanks,
} from '../../simulation/planted.ts';
import { OperationError } from '../errors.ts';
import { type JudgeAnswer, judgeAnswer } from '../experiment-schemas.ts';
import { type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { poll, waitLimitSeconds } from '../progress.ts';
import { judgePage } from '../views/judge-view.ts';

const PATH = '/admin/judge';
/** A slow judge takes seconds for each. */
const MOST_OF_A_KIND = 60;
/** What surely fits into one request. */
const TEXTS_AT_ONCE = 8;

export const showJudge: Command = async ({ client }) => {
  const document = await client.get(PATH, judgeAnswer);
  return { document, text: judgePage(document) };
};

export const measureJudge: Command = async (call) => {
  waitLimitSeconds(textOption(call.options, 'wait-limit'));
  const { judge } = await call.client.get(PATH, judgeAnswer);
  return judge.kind === 'model' ? measureModel(call) : measureCheck();
};

/** It needs no model: measured here and now, by all there is. */
async function measureCheck(): Promise<Outcome> {
  const measured = measureSupportCheck(await shippedBanks());
  const judge = judgeOf({ rate: 0, model: null });
  const { says, ...view } = judgeView({ judge, rate: 0, measured, answers: null });
  // How much of an experiment is judged is no part of how well.
  const document = { judge: { ...view, says: says.slice(0, 2) }, measuring: null };
  return { document, text: judgePage(document) };
}

async function measureModel(call: CommandCall): Promise<Outcome> {
  const { client, io, progress } = call;
  const measurement_id = io.newId();
  const banks = await shippedBanks();
  const texts = sampleOf(banks.flatMap(plantedOf), MOST_OF_A_KIND).map((text) => ({
    id: io.newId(),
    ...text,
  }));
  for (let from = 0; from < texts.length; from += TEXTS_AT_ONCE) {
    const body = { measurement_id, texts: texts.slice(from, from + TEXTS_AT_ONCE) };
    await client.post({ path: `${PATH}/measure`, body, repeatable: true }, judgeAnswer);
  }
  const { reading, inTime } = await poll<JudgeAnswer>({
    io,
    limit: textOption(call.options, 'wait-limit'),
    read: () => client.get(PATH, judgeAnswer),
    isDone: ({ measuring }) => measuring !== null && measuring.waiting === 0,
    onReading: ({ judge, measuring }) => {
      const waiting = `${measuring?.waiting ?? texts.length} of ${texts.length} wait`;
      progress.show(`${judge.name}  ${waiting}`, waiting);
    },
  });
  if (inTime) return { document: reading, text: judgePage(reading) };
  throw new OperationError({
    code: 'wait_limit',
    message: `${reading.measuring?.waiting ?? texts.length} of ${texts.length} texts still wait for ${reading.judge.name}; an agent that serves its model judges them, and \`bruno judge show\` says how many it found`,
  });
}
