// What a model is asked, under the settings of the arm: the system turn, as much of the conversation as the
// window holds, and how to sample. Whether a question is too long is decided under all settings that are in
// use, not under the visitor's own: one refused in one arm alone would show which arm it is, and be missing
// from that arm's numbers. Pure.

import { type AnswerSettings, bodyOf, givenSources } from './answer-settings.ts';
import { AppError } from './errors.ts';
import { withSources } from './system-prompt.ts';
import { fitWindow, longestOf, type Window } from './window.ts';
import type { ChatMessage } from './wire/chat.ts';
import type { Source } from './wire/shared.ts';

export interface Asked {
  question: string;
  history: readonly ChatMessage[];
  sources: readonly Source[];
  /** The client's own system turns: added after ours. */
  extra?: readonly string[];
}

/** `inUse` are all that anybody may be answered under now; undefined stands for the built-in ones. */
export interface Under {
  settings: AnswerSettings | undefined;
  inUse: readonly (AnswerSettings | undefined)[];
}

export type Prompted =
  | {
      fits: true;
      messages: ChatMessage[];
      /** What the model was given of the sources. */
      sources: Source[];
      dropped: number;
      parameters: { temperature: number; top_p: number; max_tokens: number };
    }
  /** `system` is our own part of the system turn. */
  | { fits: false; neededTokens: number; roomTokens: number; system: string };

export function answerPrompt(asked: Asked, under: Under, window: Window): Prompted {
  const own = promptUnder(asked, under.settings, window);
  // In one order for every arm, so that the numbers of a refusal do not tell them apart either.
  const refused = under.inUse
    .map((one) => (one?.id === under.settings?.id ? own : promptUnder(asked, one, window)))
    .find(({ fits }) => !fits);
  return refused ?? own;
}

/** For a question on the homepage. Throws AppError invalid_request when it and its sources alone are too long. */
export function homepagePrompt(
  asked: Asked,
  under: Under,
  window: Window,
): Extract<Prompted, { fits: true }> {
  const prompt = answerPrompt(asked, under, window);
  if (prompt.fits) return prompt;
  const field = longestOf([
    { name: 'message', text: asked.question },
    { name: 'sources', text: prompt.system },
  ]);
  throw new AppError('invalid_request', 'This is too long for the assistant. Please shorten it.', {
    details: [
      `${field}: too long, the prompt comes to about ${prompt.neededTokens} of ${prompt.roomTokens} tokens`,
    ],
  });
}

function promptUnder(
  { question, history, sources: sent, extra = [] }: Asked,
  settings: AnswerSettings | undefined,
  { windowTokens, answerTokens }: Window,
): Prompted {
  const { system_prompt, temperature, top_p, max_tokens, ...retrieval } = bodyOf(settings);
  const sources = givenSources(retrieval, sent);
  const own = withSources(system_prompt, sources);
  const system = [own, ...extra].join('\n\n');
  const most = Math.min(answerTokens, max_tokens ?? answerTokens);
  const fit = fitWindow({ system, history, question }, { windowTokens, answerTokens: most });
  if (!fit.fits) return { ...fit, system: own };
  const { messages, dropped } = fit;
  const parameters = { temperature, top_p, max_tokens: fit.answerTokens };
  return { fits: true, messages, sources, dropped, parameters };
}
