/**
 * Settings on the stack that the command line's tests run against: bodies by the wire schema, kept once by
 * what they say.
 */
import { BUILT_IN } from '../../core/answer-settings.ts';
import { createSettingsSchema, type SettingsAnswer } from '../../core/wire/settings.ts';

export const settings: SettingsAnswer = {
  id: 'settings-0123456789ab',
  name: 'one sentence',
  ...BUILT_IN,
  system_prompt: 'You are Agent Bruno.\nAnswer in one sentence.',
  temperature: 0.3,
  max_sources: 4,
  stage: 'candidate',
  body_hash: '0123456789abcdef'.repeat(4),
  created_at: '2026-10-18T02:00:00.000Z',
  created_by: 'operator',
  reason: 'answers are too long',
};

type Reply = { status: number; body: unknown };
const missing = (id: string): Reply => ({
  status: 404,
  body: { error: { code: 'not_found', message: `There are no settings ${id}.` } },
});

/** Null where the path is not about settings. */
export function settingsRoute(
  world: { settings: SettingsAnswer[] },
  { key, id, body }: { key: string; id: string; body: unknown },
): Reply | null {
  switch (key) {
    case 'GET settings': {
      const built_in = { ...BUILT_IN, prompt_version: 'v1' };
      return { status: 200, body: { built_in, settings: world.settings } };
    }
    case 'GET settings/:id': {
      const one = world.settings.find((known) => known.id === id);
      return one === undefined ? missing(id) : { status: 200, body: one };
    }
    case 'POST settings': {
      const wanted = createSettingsSchema.parse(body);
      const known = world.settings.find((one) => one.system_prompt === wanted.system_prompt);
      if (known !== undefined) return { status: 201, body: { ...known, existed: true } };
      const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
      const fresh = { ...settings, ...BUILT_IN, ...Object.fromEntries(given) };
      const made = { ...fresh, id: 'settings-ba9876543210', stage: 'idle' as const };
      world.settings.unshift(made);
      return { status: 201, body: { ...made, existed: false } };
    }
    default:
      return null;
  }
}
