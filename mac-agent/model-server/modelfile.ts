/**
 * Reads the Modelfile the trainer writes beside each version, for Ollama's create call.
 * Only the commands the product writes are understood; any other is an error, not skipped, because a
 * skipped TEMPLATE or stop word would serve a different model than the one that was evaluated.
 */
import { AgentError } from '../errors.ts';

export type Modelfile = {
  template: string | null;
  system: string | null;
  parameters: Record<string, string | number | boolean | string[]>;
};

const WORDS = new Set(['stop']);

const bad = (problem: string): AgentError =>
  new AgentError(
    'bad_modelfile',
    `The Modelfile ${problem}: expected FROM, TEMPLATE, SYSTEM, PARAMETER or #.`,
  );

const typed = (value: string): string | number | boolean => {
  const plain = value.replace(/^"(.*)"$/s, '$1');
  if (plain !== value) return plain.replaceAll('\\n', '\n').replaceAll('\\"', '"');
  if (value === 'true' || value === 'false') return value === 'true';
  const number = Number(value);
  return value !== '' && Number.isFinite(number) ? number : value;
};

export const parseModelfile = (source: string): Modelfile => {
  const found: Modelfile = { template: null, system: null, parameters: {} };
  let rest = source.replaceAll('\r\n', '\n');
  while (rest.trim() !== '') {
    rest = rest.replace(/^\s+/, '');
    const [line = ''] = rest.split('\n', 1);
    if (line.startsWith('#')) {
      rest = rest.slice(line.length);
      continue;
    }
    const command = /^(FROM|TEMPLATE|SYSTEM|PARAMETER|LICENSE)[ \t]+/i.exec(rest);
    if (!command) throw bad(`has the line "${line.slice(0, 60)}"`);
    const verb = (command[1] ?? '').toUpperCase();
    rest = rest.slice(command[0].length);
    let value: string;
    if (rest.startsWith('"""')) {
      const end = rest.indexOf('"""', 3);
      if (end < 0) throw bad(`has a ${verb} without its closing """`);
      value = rest.slice(3, end);
      rest = rest.slice(end + 3);
    } else {
      [value = ''] = rest.split('\n', 1);
      rest = rest.slice(value.length);
      value = value.trim();
    }
    if (verb === 'TEMPLATE') found.template = value;
    if (verb === 'SYSTEM') found.system = value;
    if (verb === 'PARAMETER') {
      const [key = '', ...words] = value.split(/[ \t]+/);
      const parsed = typed(words.join(' '));
      if (WORDS.has(key)) {
        const before = found.parameters[key];
        found.parameters[key] = [...(Array.isArray(before) ? before : []), String(parsed)];
      } else {
        found.parameters[key] = parsed;
      }
    }
  }
  return found;
};

/**
 * Ollama has its own template language and cannot run a GGUF's Jinja template. Of those only ChatML is
 * written here; a base with another one brings a Modelfile in its folder.
 */
export const modelfileForBase = (chatTemplate: string, name: string): Modelfile => {
  if (!chatTemplate.includes('<|im_start|>')) {
    throw new AgentError(
      'no_template',
      `Ollama needs a template for the base ${name}, and its chat template is not ChatML: put a Modelfile with TEMPLATE beside its base-f16.gguf.`,
    );
  }
  // The default system turn is part of some templates, and of what the model was trained on.
  const preset = /<\|im_start\|>system\\?n?\s*([^<{}']*)<\|im_end\|>/.exec(chatTemplate)?.[1];
  const start = preset
    ? `{{ if or (eq (len .Messages) 0) (ne (index .Messages 0).Role "system") }}<|im_start|>system\n${preset.replace(/^\\n|\\n$/g, '')}<|im_end|>\n{{ end }}`
    : '';
  return {
    template: `${start}{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n`,
    system: null,
    parameters: { stop: ['<|im_start|>', '<|im_end|>'] },
  };
};
