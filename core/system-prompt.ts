// The built-in system prompt, versioned: the version is recorded with every answer, so that lineage can say
// what the model was told. Change the text only together with the version; old ones stay listed. Others
// are settings (answer-settings.ts), made by operators.

export const PROMPTS = {
  v1: 'You are Agent Bruno, a helpful SRE assistant. Answer briefly.',
} as const;

export type PromptVersion = keyof typeof PROMPTS;

export const CURRENT_PROMPT: PromptVersion = 'v1';

export interface PromptSource {
  title: string;
  url?: string | undefined;
  text?: string | undefined;
}

/** Retrieved context goes into the system turn: the chat template has no role of its own for it. */
export function withSources(prompt: string, sources: readonly PromptSource[]): string {
  const listed = sources.map(
    (source, index) => `[${index + 1}] ${source.title}${source.text ? `: ${source.text}` : ''}`,
  );
  return listed.length === 0 ? prompt : `${prompt}\n\nSources:\n${listed.join('\n')}`;
}

export const systemPrompt = (version: PromptVersion, sources: readonly PromptSource[]): string =>
  withSources(PROMPTS[version], sources);

export function isPromptVersion(text: string): text is PromptVersion {
  return Object.hasOwn(PROMPTS, text);
}
