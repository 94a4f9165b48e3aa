/**
 * `bruno settings create|list|show`: what answers may be given under. Making the same again changes nothing,
 * so a request that was lost is repeated.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createSettingsSchema } from '../../core/wire/settings.ts';
import { segment } from '../client.ts';
import { messageOf, OperationError, UsageError } from '../errors.ts';
import { answerSettings, settingsList, settingsMade } from '../experiment-schemas.ts';
import { parseId, parseText } from '../option-values.ts';
import { argument, type Command, type CommandCall, textOption } from '../outcome.ts';
import { settingsListPage, settingsPage } from '../views/settings-view.ts';

const LIST = '/admin/settings';

export const makeSettings: Command = async (call) => {
  const body = wanted(call);
  const made = await call.client.post({ path: LIST, body, repeatable: true }, settingsMade);
  const known = made.existed ? `${made.id} was made before; nothing changed.\n\n` : '';
  return { document: made, text: `${known}${settingsPage(made)}` };
};

export const listSettings: Command = async ({ client }) => {
  const document = await client.get(LIST, settingsList);
  return { document, text: settingsListPage(document) };
};

export const showSettings: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const document = await call.client.get(`${LIST}/${segment(id)}`, answerSettings);
  return { document, text: settingsPage(document) };
};

/** From the file and the options, checked by the schema that the stack reads it by. */
function wanted(call: CommandCall): Readonly<Record<string, unknown>> {
  const path = call.args[0];
  const promptPath = textOption(call.options, 'prompt-file');
  if (path === undefined && promptPath === undefined) {
    throw new UsageError('bruno settings create needs FILE.yaml, --prompt-file, or both');
  }
  const given: Record<string, unknown> = path === undefined ? {} : readYaml(path);
  if (promptPath !== undefined) {
    if ('system_prompt' in given) {
      throw new UsageError(`${path} has a system_prompt, so --prompt-file cannot be given too`);
    }
    given.system_prompt = readText(promptPath);
  }
  if (typeof given.system_prompt === 'string') given.system_prompt = given.system_prompt.trimEnd();
  const name = textOption(call.options, 'name');
  if (name !== undefined) given.name = parseText(name, '--name');
  const reason = parseText(textOption(call.options, 'reason') ?? '', '--reason');
  const body = createSettingsSchema.safeParse({ ...given, reason });
  if (body.success) return body.data;
  const problems = body.error.issues.map((issue) => {
    const field = issue.path.join('.');
    if (field === 'name' && given.name === undefined) return 'name: expected in the file or --name';
    return field === '' ? issue.message : `${field}: ${issue.message}`;
  });
  const message = `${path ?? promptPath} holds no usable settings: ${problems.join('; ')}`;
  throw new OperationError({ code: 'bad_settings', message });
}

function readYaml(path: string): Record<string, unknown> {
  const text = readText(path);
  let value: unknown;
  try {
    value = parse(text);
  } catch (thrown) {
    const [line] = messageOf(thrown).split('\n');
    const message = `${path} is not valid YAML: ${line}`;
    throw new OperationError({ code: 'bad_settings', message }, thrown);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  const message = `${path} must hold a mapping, such as "name: shorter" and "temperature: 0.3"`;
  throw new OperationError({ code: 'bad_settings', message });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new OperationError(
      { code: 'unreadable', message: `Cannot read ${path}: ${messageOf(thrown)}` },
      thrown,
    );
  }
}
