// What is asked as visitors ask it.

import { describe, expect, it } from 'vitest';
import { systemPrompt } from './system-prompt.ts';
import { CURRENT_SETTINGS, visitorPrompt } from './visitor-prompt.ts';

const WINDOW = { windowTokens: 200, answerTokens: 50 };
const asked = { question: 'What is a pod?', history: [], sources: [] };

describe('a question on the homepage', () => {
  it('goes out under the system turn of its settings, with room for its answer', () => {
    expect(visitorPrompt(asked, CURRENT_SETTINGS, WINDOW)).toEqual({
      messages: [
        { role: 'system', content: systemPrompt(CURRENT_SETTINGS.promptVersion, []) },
        { role: 'user', content: 'What is a pod?' },
      ],
      parameters: { temperature: 0.7, top_p: 0.9, max_tokens: 50 },
    });
  });

  it('takes its parameters from the settings', () => {
    const settings = { ...CURRENT_SETTINGS, temperature: 0, topP: 1 };
    const { parameters } = visitorPrompt(asked, settings, WINDOW);
    expect(parameters).toMatchObject({ temperature: 0, top_p: 1 });
  });

  it('keeps the newest turns that fit', () => {
    const turn = (text: string) => [
      { role: 'user' as const, content: text },
      { role: 'assistant' as const, content: 'Yes.' },
    ];
    const history = [...turn('old '.repeat(200)), ...turn('And a node?')];
    const { messages } = visitorPrompt({ ...asked, history }, CURRENT_SETTINGS, WINDOW);
    expect(messages.map(({ content }) => content).slice(1)).toEqual([
      'And a node?',
      'Yes.',
      'What is a pod?',
    ]);
  });

  it.each([
    ['message', { ...asked, question: 'word '.repeat(400) }],
    ['sources', { ...asked, sources: [{ id: 's', title: 'Long', text: 'word '.repeat(400) }] }],
  ])('is refused by the name of what is too long: %s', (field, long) => {
    const refused = () => visitorPrompt(long, CURRENT_SETTINGS, WINDOW);
    expect(refused).toThrow('too long for the assistant');
    expect(refused).toThrow(
      expect.objectContaining({ details: [expect.stringContaining(`${field}: too long`)] }),
    );
  });
});
