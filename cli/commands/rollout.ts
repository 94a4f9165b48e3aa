/**
 * `bruno experiment plan|start|list|show|approve|reject|pause|resume|stop|rollback`: experiments on live
 * traffic. Every change carries a request id, so that a repeat changes nothing twice.
 */
import { PROMOTE_ON } from '../../core/statistics/policy.ts';
import { UsageError } from '../errors.ts';
import {
  type ExperimentAfter,
  experiment,
  experimentAfter,
  experimentList,
  planAnswer,
} from '../experiment-schemas.ts';
import { facts, page } from '../layout.ts';
import { parseChoice, parseId } from '../option-values.ts';
import { argument, type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { experimentListPage, planPage, rolloutPage } from '../views/rollout-view.ts';
import { checkedChange, withRequestId } from './route.ts';

const LIST = '/admin/experiments';
/** How the stack names what it plans; anything else is a model, settings come by their option. */
const IS_EXPERIMENT = /^rollout-/;

export const planExperiment: Command = async (call) => {
  const query = new URLSearchParams({ ...promoteOn(call), ...settingsOf(call) });
  const asked = query.size === 0 ? '' : `?${query}`;
  const document = await call.client.get(`${LIST}/plan${asked}`, planAnswer);
  return { document, text: planPage(document.plan, document.judge) };
};

export const listExperiments: Command = async (call) => {
  const document = await call.client.get(LIST, experimentList);
  return { document, text: experimentListPage(document.experiments) };
};

export const showExperiment: Command = async (call) => {
  const document = await call.client.get(pathOf(argument(call, 0)), experiment);
  return { document, text: rolloutPage(document) };
};

export const startExperiment: Command = (call) => {
  const settings = settingsOf(call);
  const tried = call.args[0];
  if ((tried === undefined) === (settings.settings_id === undefined)) {
    throw new UsageError(
      'bruno experiment start needs a model, the id of a planned experiment, or --settings: one of them',
    );
  }
  if (tried === undefined)
    return change(call, LIST, { ...settings, start: true, ...promoteOn(call) });
  const given = parseId(tried, 'MODEL_OR_ID');
  if (IS_EXPERIMENT.test(given)) {
    if (call.options.has('promote-on')) {
      throw new UsageError(
        `${given} is planned already, with what may promote it: leave out --promote-on, or start its model instead`,
      );
    }
    return change(call, commandPath(given), { action: 'start' });
  }
  return change(call, LIST, { model_id: given, start: true, ...promoteOn(call) });
};

export const commandExperiment =
  (action: 'approve' | 'reject' | 'pause' | 'resume' | 'stop' | 'rollback'): Command =>
  (call) =>
    change(call, commandPath(argument(call, 0)), { action });

function promoteOn(call: CommandCall): { promote_on?: (typeof PROMOTE_ON)[number] } {
  const given = textOption(call.options, 'promote-on');
  if (given === undefined) return {};
  return { promote_on: parseChoice(given, PROMOTE_ON, '--promote-on') };
}

function settingsOf(call: CommandCall): { settings_id?: string } {
  const given = textOption(call.options, 'settings');
  return given === undefined ? {} : { settings_id: parseId(given, '--settings') };
}

const pathOf = (id: string) => `${LIST}/${encodeURIComponent(parseId(id, 'ID'))}`;
const commandPath = (id: string) => `${pathOf(id)}/commands`;

async function change(call: CommandCall, path: string, wanted: object): Promise<Outcome> {
  const { requestId: given, why } = checkedChange(call);
  const requestId = given ?? call.io.newId();
  const body = { ...wanted, ...why, request_id: requestId };
  let changed: ExperimentAfter;
  try {
    changed = await call.client.post({ path, body, repeatable: true }, experimentAfter);
  } catch (thrown) {
    throw withRequestId(thrown, requestId);
  }
  const after =
    changed.outcome === null
      ? rolloutPage(changed.document)
      : `Done: ${changed.outcome}. The record cannot be read just now; it is written down later.`;
  return {
    document: { request_id: requestId, experiment: changed.document },
    text: page(facts([['request id', requestId]]), after),
  };
}
