// What a model is told beside the question, how it samples, and how much of a page's sources it is given:
// the settings that an answer is given under. A record of them never changes, and its id is the hash of
// what it says, so an id means the same for ever. Retrieval itself is the page's: it sends the sources.

import { z } from 'zod';
import { CURRENT_PROMPT, PROMPTS } from './system-prompt.ts';
import { LIMITS, type Source, textSchema } from './wire/shared.ts';

const PROMPT_CHARS = 4_000;

export const settingsBodySchema = z.strictObject({
  system_prompt: textSchema(PROMPT_CHARS).refine((text) => text.trim() !== '', 'must not be blank'),
  /** Where the client says none of its own. */
  temperature: z.number().min(0).max(2),
  top_p: z.number().gt(0).max(1),
  /** Null: as many as the deployment allows; more than that is never given. */
  max_tokens: z.int().min(1).max(4_096).nullable(),
  /** Of the sources that came with a question, the first so many; null: all. */
  max_sources: z.int().min(0).max(LIMITS.sources).nullable(),
  /** Of each source's text; null: all of it. */
  max_source_chars: z.int().min(1).max(LIMITS.sourceChars).nullable(),
});
export type SettingsBody = z.infer<typeof settingsBodySchema>;

/** What is answered under where nothing else was ever promoted. */
export const BUILT_IN: SettingsBody = {
  system_prompt: PROMPTS[CURRENT_PROMPT],
  temperature: 0.7,
  top_p: 0.9,
  max_tokens: null,
  max_sources: null,
  max_source_chars: null,
};

/** What no model is called. */
const ID = /^settings-[0-9a-f]{12}$/;
const HASH_DIGITS = 12;

export const isSettingsId = (id: string): boolean => ID.test(id);
/** From the SHA-256 of the body's canonical JSON, in hex. */
export const settingsIdOf = (bodyHash: string): string =>
  `settings-${bodyHash.slice(0, HASH_DIGITS)}`;

/** For people; what is tried is the body. */
export const settingsNameSchema = textSchema(60).refine(
  (text) => !/\p{Cc}/u.test(text) && text.trim() !== '',
  'must be one line, and not blank',
);

export const answerSettingsSchema = z.strictObject({
  id: z.string().regex(ID, 'expected the id of settings, such as settings-0123456789ab'),
  name: settingsNameSchema,
  body: settingsBodySchema,
});
/** Undefined stands for the built-in ones everywhere. */
export type AnswerSettings = z.infer<typeof answerSettingsSchema>;

export const bodyOf = (settings: AnswerSettings | undefined): SettingsBody =>
  settings?.body ?? BUILT_IN;

/** What the record says an answer was told; for the built-in ones the version of their prompt. */
export const promptVersionOf = (settings: AnswerSettings | undefined): string =>
  settings?.id ?? CURRENT_PROMPT;

export const settingsText = (settings: AnswerSettings | undefined): string =>
  settings === undefined ? 'the built-in settings' : `${settings.id} (${settings.name})`;

/** The sources that a model is given, of those that came. Their order, and so their numbers, stay. */
export function givenSources(
  { max_sources, max_source_chars }: Pick<SettingsBody, 'max_sources' | 'max_source_chars'>,
  sources: readonly Source[],
): Source[] {
  const given = sources.slice(0, max_sources ?? sources.length);
  if (max_source_chars === null) return given;
  return given.map((source) => {
    if (source.text === undefined || source.text.length <= max_source_chars) return source;
    const cut = source.text.slice(0, max_source_chars);
    // Half of a character is none.
    const text = cut.isWellFormed() ? cut : cut.slice(0, -1);
    const { text: _, ...rest } = source;
    return text === '' ? rest : { ...rest, text };
  });
}
