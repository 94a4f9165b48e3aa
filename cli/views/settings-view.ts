/**
 * Settings as people read them: the list, and all that one of them says. Pure.
 */
import type { AnswerSettings, SettingsBody, SettingsList } from '../experiment-schemas.ts';
import { facts, instant, minute, page, section, table } from '../layout.ts';

const columns = (of: SettingsBody) => [
  of.temperature,
  of.top_p,
  of.max_tokens ?? 'deployment’s',
  of.max_sources ?? 'all',
  of.max_source_chars ?? 'all',
];

export function settingsListPage({ built_in, settings }: SettingsList): string {
  return table(
    [
      { title: 'settings' },
      { title: 'name', max: 30 },
      { title: 'stage' },
      { title: 'temperature', right: true },
      { title: 'top_p', right: true },
      { title: 'answer tokens', right: true },
      { title: 'sources', right: true },
      { title: 'of each', right: true },
      { title: 'made (UTC)' },
      { title: 'system prompt', max: 60 },
    ],
    [
      ...settings.map((one) => [
        one.id,
        one.name,
        one.stage,
        ...columns(one),
        minute(one.created_at),
        one.system_prompt,
      ]),
      [
        'built in',
        built_in.prompt_version,
        null,
        ...columns(built_in),
        null,
        built_in.system_prompt,
      ],
    ],
    'There are none.',
  );
}

const STAGES: Readonly<Record<string, string>> = {
  production: 'everyone is answered under them',
  candidate: 'tried on a share of visitors',
  idle: 'nobody is answered under them',
};

export function settingsPage(one: AnswerSettings): string {
  return page(
    section(
      `Settings ${one.id}`,
      facts([
        ['name', one.name],
        ['stage', STAGES[one.stage] ?? one.stage],
        ['temperature', one.temperature],
        ['top_p', one.top_p],
        ['answer tokens', one.max_tokens ?? 'as many as the deployment allows'],
        ['sources given', one.max_sources ?? 'all that come with a question'],
        [
          'of each',
          one.max_source_chars === null ? 'all of its text' : `${one.max_source_chars} characters`,
        ],
        ['made', `${instant(one.created_at)} by ${one.created_by}`],
        ['why', one.reason],
        ['hash', one.body_hash],
      ]),
    ),
    section('System prompt', one.system_prompt),
  );
}
