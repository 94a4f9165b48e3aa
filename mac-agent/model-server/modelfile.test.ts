import { expect, test } from 'vitest';
import { modelfileForBase, parseModelfile } from './modelfile.ts';

test('reads template, system and parameters, with several stop words', () => {
  const source = `# written by the trainer
FROM ./model-f16.gguf
TEMPLATE """{{ range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}"""
SYSTEM You are Bruno.
PARAMETER temperature 0.7
PARAMETER stop "<|im_end|>"
PARAMETER stop <|im_start|>
`;
  expect(parseModelfile(source)).toEqual({
    template: '{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}',
    system: 'You are Bruno.',
    parameters: { temperature: 0.7, stop: ['<|im_end|>', '<|im_start|>'] },
  });
});

test('a command it does not know is an error, not skipped', () => {
  expect(() => parseModelfile('FROM x\nADAPTER ./a.gguf\n')).toThrow(/ADAPTER/);
  expect(() => parseModelfile('TEMPLATE """open')).toThrow(/closing/);
});

test('a ChatML base gets a template with the default system turn of its own', () => {
  const own = "{{ '<|im_start|>system\nYou are kind<|im_end|>\n' }}{{'<|im_start|>' + role}}";
  const { template } = modelfileForBase(own, 'b');
  expect(template).toContain('<|im_start|>system\nYou are kind<|im_end|>\n');
  expect(modelfileForBase("{{'<|im_start|>' + role}}", 'b').template).not.toContain('system');
});

test('a base with another template must bring its Modelfile', () => {
  expect(() => modelfileForBase('[INST]', 'other')).toThrow(/Modelfile with TEMPLATE/);
});
