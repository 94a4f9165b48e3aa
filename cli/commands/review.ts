/**
 * `bruno review list|accept|reject`: an operator decides which corrections may train the model.
 * Each decision is its own request: one that fails must not hide what became of the others.
 */
import { segment } from '../client.ts';
import { OperationError, UsageError } from '../errors.ts';
import { table } from '../layout.ts';
import { parseChoice, parseId, parseText } from '../option-values.ts';
import { type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { anything, REVIEW_STATUSES, type Review, reviews } from '../schemas.ts';
import { reviewList } from '../views/review-view.ts';

type Decision = 'accept' | 'reject';
type Decided = { event_id: string; ok: boolean; error: { code: string; message: string } | null };

export const listReviews: Command = async (call) => {
  const word = textOption(call.options, 'status') ?? 'pending';
  const status = parseChoice(word, REVIEW_STATUSES, '--status');
  const found = await readReviews(call, status);
  return { document: { reviews: found }, text: reviewList(found, status) };
};

export const acceptReviews: Command = async (call) => {
  const all = call.options.has('all');
  if (all && call.args.length > 0) {
    throw new UsageError('bruno review accept takes either EVENT_IDs or --all, not both');
  }
  if (!all && call.args.length === 0) {
    throw new UsageError('bruno review accept needs EVENT_IDs, or --all for every pending one');
  }
  const note = noteOf(call);
  if (!all) return decide(call, 'accept', checkedIds(call.args), note);
  return decide(call, 'accept', pendingIds(call), note);
};

export const rejectReviews: Command = (call) => {
  return decide(call, 'reject', checkedIds(call.args), noteOf(call));
};

function checkedIds(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => parseId(id, 'EVENT_ID')))];
}

function noteOf(call: CommandCall): string | undefined {
  const note = textOption(call.options, 'note');
  return note === undefined ? undefined : parseText(note, '--note');
}

function readReviews(call: CommandCall, status: string): Promise<Review[]> {
  return call.client.get(`/admin/reviews?status=${status}`, reviews);
}

/** Every pending id once. The server lists a page at a time, and decided ones leave the list. */
async function* pendingIds(call: CommandCall): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (;;) {
    const fresh = (await readReviews(call, 'pending')).filter((one) => !seen.has(one.event_id));
    if (fresh.length === 0) return;
    for (const { event_id: id } of fresh) {
      seen.add(id);
      yield id;
    }
  }
}

async function decide(
  call: CommandCall,
  decision: Decision,
  ids: Iterable<string> | AsyncIterable<string>,
  note: string | undefined,
): Promise<Outcome> {
  const decided: Decided[] = [];
  for await (const id of ids) {
    call.progress.show(`${decision} ${decided.length + 1}: ${id}`, decision);
    decided.push(await decideOne(call, id, note === undefined ? { decision } : { decision, note }));
  }
  const failed = decided.filter((one) => !one.ok);
  const outcome = { document: { decision, decided }, text: decisionText(decision, decided) };
  if (failed.length === 0) return outcome;
  const first = failed[0]?.error?.message ?? '';
  return {
    ...outcome,
    failure: {
      code: failed[0]?.error?.code ?? 'failed',
      message: `${failed.length} of ${decided.length} decisions failed, the first because: ${first}`,
    },
  };
}

async function decideOne(
  call: CommandCall,
  id: string,
  body: { decision: Decision; note?: string },
): Promise<Decided> {
  try {
    // The event id is the key: the same decision twice is one decision.
    const request = { path: `/admin/reviews/${segment(id)}`, body, repeatable: true };
    await call.client.post(request, anything);
    return { event_id: id, ok: true, error: null };
  } catch (thrown) {
    if (!(thrown instanceof OperationError)) throw thrown;
    const { code, message, status } = thrown.failure;
    // What is wrong with the token or the connection is wrong for all the rest too.
    const isOwn = status === 404 || status === 409 || status === 400 || status === 422;
    if (!isOwn && code !== 'bad_id') throw thrown;
    return { event_id: id, ok: false, error: { code, message } };
  }
}

function decisionText(decision: Decision, decided: readonly Decided[]): string {
  const done = decision === 'accept' ? 'accepted' : 'rejected';
  return table(
    [
      { title: 'event', max: 64 },
      { title: 'result', max: 100 },
    ],
    decided.map((one) => [one.event_id, one.ok ? done : `failed: ${one.error?.message ?? ''}`]),
    'Nothing is pending.',
  );
}
