/**
 * Judges answers: asks the edge for some, the model server for each, and hands every reply on as it came.
 * Called by main.ts beside training and serving. What a reply means is the edge's to say. One answer at a
 * time, outside the gateway's queue, so that judging takes one place of the model server and no more.
 */
import { z } from 'zod';
import type { EdgeClient } from './edge-client.ts';
import type { Judgment, JudgmentReply } from './edge-schema.ts';
import type { Log } from './log.ts';
import { sentenceOf } from './log.ts';
import type { ModelServer } from './model-server/index.ts';

export type JudgingDeps = {
  edge: Pick<EdgeClient, 'claimJudgments' | 'judged'>;
  server: Pick<ModelServer, 'judges' | 'judgeAddress'>;
  contextTokens: number;
  log: Log;
  timeoutMs?: number;
};

const TIMEOUT_MS = 120_000;
/** Fewer letters than any usual text has for a token, so that what is sent surely fits. */
const LETTERS_PER_TOKEN = 3;
/** The edge takes no longer reply; one so long is no verdict anyway. */
const REPLY_CHARS = 20_000;

const answerSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }) })).min(1),
});

type Reply = Pick<JudgmentReply, 'outcome' | 'reply'>;
/** `goOn` is false where the next answer would fare the same. */
type Asked = Reply & { goOn: boolean; problem?: string };

const givenBack = (problem: string): Asked => ({
  outcome: 'given_back',
  reply: null,
  goOn: false,
  problem,
});
const failed = (problem: string, goOn: boolean): Asked => ({
  outcome: 'failed',
  reply: null,
  goOn,
  problem,
});

/** Until nothing waits, or the model server or the edge is in trouble. */
export const judgeWaiting = async (deps: JudgingDeps, stop: AbortSignal): Promise<void> => {
  const { edge, server } = deps;
  while (!stop.aborted) {
    const judgments = await edge.claimJudgments(await server.judges(), stop);
    if (judgments.length === 0) return;
    for (const [index, judgment] of judgments.entries()) {
      const { goOn, problem, ...reply } = await ask(deps, judgment, stop);
      await edge.judged([replyTo(judgment, reply)]);
      if (problem !== undefined) {
        const { model, attempt } = judgment;
        deps.log('warn', 'an answer was not judged', { model, attempt, problem });
      }
      if (goOn) continue;
      const rest = judgments.slice(index + 1);
      const back: Reply = { outcome: 'given_back', reply: null };
      if (rest.length > 0) await edge.judged(rest.map((one) => replyTo(one, back)));
      return;
    }
  }
};

const replyTo = ({ id, judge, attempt }: Judgment, reply: Reply): JudgmentReply => ({
  id,
  judge,
  attempt,
  ...reply,
});

const ask = async (deps: JudgingDeps, judgment: Judgment, stop: AbortSignal): Promise<Asked> => {
  const { model, messages, max_tokens, response_format, seed } = judgment;
  const letters = messages.reduce((sum, { content }) => sum + content.length, 0);
  // A server that cuts what is too long would judge by half of the sources.
  if (letters / LETTERS_PER_TOKEN + max_tokens > deps.contextTokens) {
    return failed(`${letters} letters do not fit CONTEXT_TOKENS=${deps.contextTokens}`, true);
  }
  const timeout = AbortSignal.timeout(deps.timeoutMs ?? TIMEOUT_MS);
  const signal = AbortSignal.any([stop, timeout]);
  try {
    const lease = await deps.server.judgeAddress(model, signal);
    try {
      const response = await fetch(lease.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          messages,
          max_tokens,
          response_format,
          seed,
          // The first try is the likeliest reply; a further one must be able to differ.
          temperature: judgment.attempt === 1 ? 0 : 0.3,
          stream: false,
          ...lease.bodyPatch,
        }),
        signal,
      });
      return await read(response);
    } finally {
      lease.release();
    }
  } catch (error) {
    if (stop.aborted) return givenBack('the agent stops');
    if (timeout.aborted) return failed('the model did not reply in time', false);
    return givenBack(sentenceOf(error));
  }
};

const read = async (response: Response): Promise<Asked> => {
  if (!response.ok) {
    await response.body?.cancel();
    return failed(`the model server answered ${response.status}`, response.status < 500);
  }
  const text = await response.text();
  const answer = answerSchema.safeParse(parsed(text));
  if (!answer.success) return failed('the model server answered no chat completion', false);
  const reply = answer.data.choices[0]?.message.content ?? '';
  return { outcome: 'replied', reply: storable(reply.slice(0, REPLY_CHARS)), goOn: true };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\uFFFD');
