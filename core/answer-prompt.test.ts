import { expect, test } from 'vitest';
import { answerPrompt, type Under } from './answer-prompt.ts';
import { type AnswerSettings, BUILT_IN, type SettingsBody } from './answer-settings.ts';

const WINDOW = { windowTokens: 512, answerTokens: 128 };
const settingsOf = (id: string, body: Partial<SettingsBody>): AnswerSettings => ({
  id: `settings-00000000000${id}`,
  name: id,
  body: { ...BUILT_IN, ...body },
});
const asked = { question: 'How do I drain a node?', history: [], sources: [] };
const builtIn: Under = { settings: undefined, inUse: [undefined] };
const alone = (settings: AnswerSettings): Under => ({ settings, inUse: [settings] });

test('without settings of its own an answer is asked for as ever', () => {
  expect(answerPrompt(asked, builtIn, WINDOW)).toMatchObject({
    messages: [
      { role: 'system', content: BUILT_IN.system_prompt },
      { role: 'user', content: asked.question },
    ],
    parameters: { temperature: 0.7, top_p: 0.9, max_tokens: 128 },
  });
});

test('settings say what the model is told, how it samples and what it is given of the sources', () => {
  const settings = settingsOf('1', {
    system_prompt: 'Answer in one sentence.',
    temperature: 0,
    top_p: 1,
    max_tokens: 40,
    max_sources: 1,
    max_source_chars: 6,
  });
  const sources = ['Cordon first.', 'Then drain.'].map((text, n) => ({
    id: `${n}`,
    title: `S${n}`,
    text,
  }));
  const prompt = answerPrompt(
    { ...asked, sources, extra: ['Speak German.'] },
    alone(settings),
    WINDOW,
  );
  expect(prompt).toMatchObject({
    messages: [
      {
        role: 'system',
        content: 'Answer in one sentence.\n\nSources:\n[1] S0: Cordon\n\nSpeak German.',
      },
      { role: 'user' },
    ],
    sources: [{ id: '0', text: 'Cordon' }],
    parameters: { temperature: 0, top_p: 1, max_tokens: 40 },
  });
});

test('settings allow no more tokens than the deployment does', () => {
  const prompt = answerPrompt(asked, alone(settingsOf('1', { max_tokens: 4_000 })), WINDOW);
  expect(prompt).toMatchObject({ parameters: { max_tokens: 128 } });
});

test('a question too long for one arm is refused in each, in the same words', () => {
  const long = settingsOf('1', { system_prompt: 'many words '.repeat(60) });
  const question = 'and more '.repeat(70);
  const inUse = [undefined, long];
  const control = answerPrompt({ ...asked, question }, { settings: undefined, inUse }, WINDOW);
  const treatment = answerPrompt({ ...asked, question }, { settings: long, inUse }, WINDOW);
  expect(answerPrompt({ ...asked, question }, builtIn, WINDOW).fits).toBe(true);
  expect(control.fits).toBe(false);
  expect(treatment).toEqual(control);
});
