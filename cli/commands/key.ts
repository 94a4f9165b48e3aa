/**
 * `bruno key create|list|revoke`: API keys for homepages' own servers.
 * A key's text is in the answer to its creation and nowhere else; it goes to standard output alone.
 */
import { KEY_SCOPES, keyPrefixSchema } from '../../core/api-keys.ts';
import { segment } from '../client.ts';
import { UsageError } from '../errors.ts';
import { parseChoices, parseExpiry, parseId, parseRequestId, parseText } from '../option-values.ts';
import { argument, type Command, type CommandCall, textOption } from '../outcome.ts';
import { apiKeyMade, apiKeyRevoked, apiKeys } from '../schemas.ts';
import { keyList, keyMade, keyRevoked } from '../views/key-view.ts';

export const createKey: Command = async (call) => {
  const requestId = textOption(call.options, 'request-id');
  const expires = textOption(call.options, 'expires');
  const body = {
    name: parseText(argument(call, 0), 'NAME'),
    scopes: parseChoices(textOption(call.options, 'scope') ?? '', KEY_SCOPES, '--scope'),
    ...prefixOf(call),
    ...(expires === undefined ? {} : parseExpiry(expires)),
    request_id: requestId === undefined ? call.io.newId() : parseRequestId(requestId),
  };
  // By its request id a repeat makes no second key; but only the first answer has the text.
  const request = { path: '/admin/keys', body, repeatable: false };
  const made = await call.client.post(request, apiKeyMade);
  return { document: made, text: keyMade(made) };
};

export const listKeys: Command = async ({ client }) => {
  const keys = await client.get('/admin/keys', apiKeys);
  return { document: { keys }, text: keyList(keys) };
};

export const revokeKey: Command = async (call) => {
  const id = parseId(argument(call, 0), 'ID');
  const reason = parseText(textOption(call.options, 'reason') ?? '', '--reason');
  const request = { path: `/admin/keys/${segment(id)}/revoke`, body: { reason }, repeatable: true };
  const revoked = await call.client.post(request, apiKeyRevoked);
  return { document: revoked, text: keyRevoked(revoked) };
};

function prefixOf(call: CommandCall): { prefix?: string } {
  const prefix = textOption(call.options, 'prefix');
  if (prefix === undefined) return {};
  const problem = keyPrefixSchema.safeParse(prefix).error?.issues[0]?.message;
  if (problem === undefined) return { prefix };
  throw new UsageError(`--prefix "${prefix}" is not usable: ${problem}`);
}
