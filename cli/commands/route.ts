/**
 * `bruno route show|start|share|promote|rollback`: who gets which model.
 * Every change carries a request id, so that a repeat (ours or the operator's) changes nothing twice.
 * Share and promote name the candidate that was read first: another one by now is a refusal.
 */
import { type Failure, OperationError } from '../errors.ts';
import { facts, page, section } from '../layout.ts';
import { parseId, parseRequestId, parseShare, parseText } from '../option-values.ts';
import { argument, type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { anything, type Live, type Route, route } from '../schemas.ts';
import { candidatesText, liveFacts, routePage } from '../views/route-view.ts';

type Change =
  | {
      readonly action: 'start';
      readonly model_id: string;
      readonly share?: number;
      readonly slice?: number;
    }
  | ({ readonly action: 'share'; readonly share: number } & Named)
  | ({ readonly action: 'promote' } & Named)
  | ({ readonly action: 'rollback' } & Named);

/** Which experiment is meant: by its id, or by its candidate. */
type Named = { readonly model_id?: string; readonly experiment_id?: string };

export const showRoute: Command = async (call) => {
  const document = await readRoute(call);
  return { document, text: routePage(document) };
};

export const startRoute: Command = (call) => {
  const given = (name: 'share' | 'slice') => {
    const text = textOption(call.options, name);
    return text === undefined ? {} : { [name]: parseShare(text, `--${name}`) };
  };
  const model_id = parseId(argument(call, 0), 'MODEL');
  return change(call, { action: 'start', model_id, ...given('share'), ...given('slice') });
};

export const setShare: Command = async (call) => {
  const share = parseShare(argument(call, 0), 'SHARE');
  return changeCandidate(call, { action: 'share', share });
};

export const promote: Command = (call) => changeCandidate(call, { action: 'promote' });

/** Waits for no reading of the table, unless a name has to be understood. */
export const rollBack: Command = async (call) => {
  const given = named(call);
  if (given === undefined) return change(call, { action: 'rollback' });
  const { table } = await readRoute(call);
  return change(call, { action: 'rollback', ...meaning(table, given) });
};

function named(call: CommandCall): string | undefined {
  const given = textOption(call.options, 'experiment');
  return given === undefined ? undefined : parseId(given, '--experiment');
}

/** An experiment's id, else a model; the server knows whether it is under trial. */
function meaning(table: Live, given: string): Named {
  const isId = (table.experiments ?? []).some(({ id }) => id === given);
  return isId ? { experiment_id: given } : { model_id: given };
}

/** Where one runs it is meant; where several run the server asks which. */
function theOnly(table: Live): Named {
  if (table.candidate === null || (table.experiments?.length ?? 1) > 1) return {};
  return { model_id: table.candidate };
}

function readRoute(call: CommandCall): Promise<Route> {
  return call.client.get('/admin/route', route);
}

/** Without a candidate the server says so, or knows the request id of a change already made. */
async function changeCandidate(
  call: CommandCall,
  wanted: Extract<Change, { action: 'share' | 'promote' }>,
): Promise<Outcome> {
  checkedChange(call);
  const { table } = await readRoute(call);
  call.progress.show(`candidate: ${candidatesText(table)}`, 'candidate');
  const given = named(call);
  const which = given === undefined ? theOnly(table) : meaning(table, given);
  const done = await change(call, { ...wanted, ...which });
  return { ...done, text: page(section('Before', liveFacts(table)), done.text) };
}

/** What was typed, so that a wrong word is told before anything is sent. */
export function checkedChange(call: CommandCall) {
  const given = textOption(call.options, 'request-id');
  const reason = textOption(call.options, 'reason');
  return {
    requestId: given === undefined ? undefined : parseRequestId(given),
    why: reason === undefined ? {} : { reason: parseText(reason, '--reason') },
  };
}

async function change(call: CommandCall, wanted: Change): Promise<Outcome> {
  const checked = checkedChange(call);
  const requestId = checked.requestId ?? call.io.newId();
  const { why } = checked;
  const body = { ...wanted, ...why, request_id: requestId };
  try {
    await call.client.post({ path: '/admin/route', body, repeatable: true }, anything);
  } catch (thrown) {
    throw withRequestId(thrown, requestId);
  }
  const now = await routeAfter(call);
  const done = facts([
    ['done', wanted.action],
    ['request id', requestId],
  ]);
  const document = { action: wanted.action, request_id: requestId, route: now };
  const text = page(
    done,
    now === null ? 'Done, but the table cannot be read just now.' : routePage(now),
  );
  return { document, text };
}

/** The change is made by now: failing to read it back must not be reported as its failure. */
async function routeAfter(call: CommandCall): Promise<Route | null> {
  try {
    return await readRoute(call);
  } catch (thrown) {
    if (thrown instanceof OperationError) return null;
    throw thrown;
  }
}

/** Where we can't know whether the change was made, say how to repeat it safely. */
export function withRequestId(thrown: unknown, requestId: string): unknown {
  if (!(thrown instanceof OperationError)) return thrown;
  const { failure } = thrown;
  const isKnown = failure.status !== undefined && failure.status < 500;
  if (isKnown || failure.code === 'unreachable' || failure.code === 'no_token') return thrown;
  const message = `${failure.message}; repeat it safely with --request-id ${requestId}`;
  const told: Failure = { ...failure, message };
  return new OperationError(told, thrown);
}
