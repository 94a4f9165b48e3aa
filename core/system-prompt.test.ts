import { expect, test } from 'vitest';
import { CURRENT_PROMPT, isPromptVersion, systemPrompt } from './system-prompt.ts';

const V1 = 'You are Agent Bruno, a helpful SRE assistant. Answer briefly.';

test('a published version keeps its words', () => {
  expect(systemPrompt('v1', [])).toBe(V1);
});

test('sources follow the prompt, numbered as answers cite them, with their text where there is one', () => {
  const sources = [
    { title: 'Draining', text: 'Cordon first.' },
    { title: 'Pods', url: 'https://a.example' },
  ];
  expect(systemPrompt('v1', sources)).toBe(
    `${V1}\n\nSources:\n[1] Draining: Cordon first.\n[2] Pods`,
  );
});

test('knows the versions that exist, and nothing that objects merely inherit', () => {
  expect(isPromptVersion(CURRENT_PROMPT)).toBe(true);
  expect(isPromptVersion('v0')).toBe(false);
  expect(isPromptVersion('toString')).toBe(false);
});
