// Making and reading settings: kept once by what they say, in the record and in the signed history. Whoever
// uses them gets what the record holds, checked against its hash.

import { sha256 } from '../../adapters/object-store/index.ts';
import {
  findSettings,
  insertSettings,
  type SettingsRow,
} from '../../adapters/postgres/answer-settings.ts';
import type { Queryable, Transaction } from '../../adapters/postgres/connect.ts';
import {
  type AnswerSettings,
  answerSettingsSchema,
  type SettingsBody,
  settingsIdOf,
} from '../../core/answer-settings.ts';
import { AppError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/history.ts';
import { messageTokens } from '../../core/window.ts';
import { type Env, now, settingsOf } from '../../workers/env.ts';
import { appendHistory, chainOf } from '../history/append.ts';

const hashOf = (body: SettingsBody): Promise<string> =>
  sha256(new TextEncoder().encode(canonicalJson(body)));

export interface SettingsCreation {
  name: string;
  body: SettingsBody;
  who: string;
  reason: string;
}

/** Idempotent by the body: what was made before is handed back as it is, under its first name. */
export async function createSettings(
  tx: Transaction,
  env: Env,
  { name, body, who, reason }: SettingsCreation,
): Promise<{ row: SettingsRow; existed: boolean }> {
  checkRoom(env, body);
  const bodyHash = await hashOf(body);
  const id = settingsIdOf(bodyHash);
  const known = await findSettings(tx, id);
  if (known) return { row: known, existed: true };
  const at = new Date(now(env));
  await appendHistory(tx, chainOf(env, now(env)), {
    key: `settings:${id}`,
    kind: 'settings',
    action: 'created',
    subject: id,
    at,
    who,
    reason,
    summary: `${id} (${name}) made`,
    body: { id, name, body },
  });
  const row = { id, name, bodyHash, body, createdAt: at, createdBy: who, reason };
  await insertSettings(tx, row);
  // Another request may have made them in this moment, under its own name.
  return { row: (await findSettings(tx, id)) ?? row, existed: false };
}

/** Half of what the model can be asked is for sources, conversation and question. */
function checkRoom(env: Env, { system_prompt, max_tokens }: SettingsBody): void {
  const { CONTEXT_TOKENS, MAX_ANSWER_TOKENS } = settingsOf(env);
  const answer = Math.min(MAX_ANSWER_TOKENS, max_tokens ?? MAX_ANSWER_TOKENS);
  const room = CONTEXT_TOKENS - Math.min(answer, Math.floor(CONTEXT_TOKENS / 2));
  const needed = messageTokens(system_prompt);
  const most = Math.floor(room / 2);
  if (needed <= most) return;
  throw new AppError(
    'invalid_request',
    `The system prompt comes to about ${needed} tokens; at most ${most} are possible, half of what the model's window leaves beside its answer. Shorten it.`,
    { details: [`system_prompt: about ${needed} tokens, expected at most ${most}`] },
  );
}

/** Throws AppError not_found, or conflict where the record no longer says what its id means. */
export async function readSettings(db: Queryable, id: string): Promise<AnswerSettings> {
  const row = await findSettings(db, id);
  if (!row) throw new AppError('not_found', `There are no settings ${id.slice(0, 100)}.`);
  const { name } = row;
  const settings = answerSettingsSchema.safeParse({ id, name, body: row.body });
  if (settings.success && settingsIdOf(await hashOf(settings.data.body)) === id) {
    return settings.data;
  }
  throw new AppError(
    'conflict',
    `Settings ${id} are not what they were made as: their content no longer has that hash.`,
  );
}
