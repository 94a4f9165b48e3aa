/**
 * `bruno deadletter list|replay`: messages the recorder could not write, and sending them again.
 * Each is its own request: one that still cannot be read must not hold up the others.
 */
import { segment } from '../client.ts';
import { OperationError, UsageError } from '../errors.ts';
import { table } from '../layout.ts';
import { parseId } from '../option-values.ts';
import type { Command, CommandCall } from '../outcome.ts';
import { anything, type DeadLetter, deadLetters } from '../schemas.ts';
import { deadLetterList } from '../views/deadletter-view.ts';

type Replayed = { id: string; ok: boolean; error: { code: string; message: string } | null };

export const listDeadLetters: Command = async (call) => {
  const found: DeadLetter[] = [];
  for await (const letter of waiting(call)) found.push(letter);
  return { document: { dead_letters: found }, text: deadLetterList(found) };
};

export const replayDeadLetters: Command = async (call) => {
  const all = call.options.has('all');
  if (all && call.args.length > 0) {
    throw new UsageError('bruno deadletter replay takes either IDs or --all, not both');
  }
  if (!all && call.args.length === 0) {
    throw new UsageError('bruno deadletter replay needs IDs, or --all for every waiting one');
  }
  const named = [...new Set(call.args.map((id) => parseId(id, 'ID')))];
  const replayed: Replayed[] = [];
  for await (const id of all ? waitingIds(call) : named) {
    call.progress.show(`replay ${replayed.length + 1}: ${id}`, 'replay');
    replayed.push(await replayOne(call, id));
  }
  const outcome = { document: { replayed }, text: replayedText(replayed) };
  const failed = replayed.filter((one) => !one.ok);
  const [first] = failed;
  if (first === undefined) return outcome;
  return {
    ...outcome,
    failure: {
      code: first.error?.code ?? 'failed',
      message: `${failed.length} of ${replayed.length} still cannot be sent, the first because: ${first.error?.message ?? ''}`,
    },
  };
};

/** Oldest first. The server lists a page at a time; a page goes on after the last one's end. */
async function* waiting(call: CommandCall): AsyncGenerator<DeadLetter> {
  let after = '';
  for (;;) {
    const path = `/admin/dead-letters?status=waiting${after}`;
    const page = await call.client.get(path, deadLetters);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = `&after=${segment(last.id)}`;
  }
}

async function* waitingIds(call: CommandCall): AsyncGenerator<string> {
  // What comes back while this runs waits for the next time, or one bad letter would go round for ever.
  const ids: string[] = [];
  for await (const { id } of waiting(call)) ids.push(id);
  yield* ids;
}

async function replayOne(call: CommandCall, id: string): Promise<Replayed> {
  try {
    // What was sent again already is not sent a second time.
    const request = {
      path: `/admin/dead-letters/${segment(id)}/replay`,
      body: {},
      repeatable: true,
    };
    await call.client.post(request, anything);
    return { id, ok: true, error: null };
  } catch (thrown) {
    if (!(thrown instanceof OperationError)) throw thrown;
    const { code, message, status } = thrown.failure;
    const isOwn = status === 404 || status === 409 || status === 400;
    if (!isOwn && code !== 'bad_id') throw thrown;
    return { id, ok: false, error: { code, message } };
  }
}

function replayedText(replayed: readonly Replayed[]): string {
  return table(
    [
      { title: 'dead letter', max: 64 },
      { title: 'result', max: 200 },
    ],
    replayed.map((one) => [one.id, one.ok ? 'sent again' : `failed: ${one.error?.message ?? ''}`]),
    'No dead letters wait.',
  );
}
