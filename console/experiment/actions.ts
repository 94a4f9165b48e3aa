// What an operator may do to an experiment, as actions for the dialog: what each means for visitors, and the
// request that performs it. A refusal comes back in the engine's own words.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import {
  type Experiment,
  type ExperimentAction,
  experimentAfterSchema,
} from '../api/experiment-schema.ts';
import { percent } from '../format.ts';
import { sentence, statusOf } from './words.ts';

export function experimentAction(api: Api, one: Experiment, action: ExperimentAction): Action {
  return {
    ...wordsOf(one, action),
    needsReason: true,
    async perform({ reason, requestId }) {
      const path = `/admin/experiments/${encodeURIComponent(one.id)}/commands`;
      const body = { action, reason, request_id: requestId };
      const after = await api.post(path, body, experimentAfterSchema);
      if ('recorded' in after) {
        return sentence(`Done: ${after.reason}. The record cannot be read just now`);
      }
      const said = `Now it is ${statusOf(after).says}: ${after.reason}`;
      return sentence(said);
    },
  };
}

const BUTTONS: Readonly<Record<ExperimentAction, string>> = {
  start: 'Start',
  approve: 'Approve',
  reject: 'Reject',
  pause: 'Pause',
  resume: 'Resume',
  stop: 'Stop',
  rollback: 'Roll back',
};
export const buttonOf = (action: ExperimentAction): string => BUTTONS[action];

/** Where an approval lets it go. */
export function nextShare({ policy, state }: Experiment): string {
  const next = policy.shares[(state.progress?.stage ?? -1) + 1];
  return next === undefined ? 'everyone' : percent(next);
}

function wordsOf(
  one: Experiment,
  action: ExperimentAction,
): Omit<Action, 'perform' | 'needsReason'> {
  const { model_id: model, plan } = one;
  const visitors = plan.slice === 1 ? 'visitors' : 'its visitors';
  const verb = buttonOf(action);
  const off = `${model} answers nobody any more; everyone gets production.`;
  switch (action) {
    case 'start':
      return {
        title: `Start the experiment with ${model}`,
        effect: `${percent(plan.first_share)} of ${visitors} will be answered by ${model}, as planned; if no visitors are free, it waits in line.`,
        verb,
      };
    case 'approve': {
      const share = nextShare(one);
      const whom = share === 'everyone' ? 'Every visitor' : `${share} of ${visitors}`;
      return {
        title: `Let ${model} go to ${share}`,
        effect: `${whom} will be answered by ${model}. It is checked once more against what is known at this moment.`,
        verb,
      };
    }
    case 'reject':
      return { title: `Reject ${model}`, effect: `The experiment ends as rejected. ${off}`, verb };
    case 'pause':
      return {
        title: 'Pause the experiment',
        effect:
          'Its share stays and its time stands still. Harm that is proven is still acted upon.',
        verb,
      };
    case 'resume':
      return {
        title: 'Resume the experiment',
        effect: 'Its time goes on from where it stood.',
        verb,
      };
    case 'stop':
      return { title: 'Stop the experiment', effect: `It ends as stopped. ${off}`, verb };
    case 'rollback':
      return { title: `Roll ${model} back`, effect: `It ends as rolled back. ${off}`, verb };
    default:
      return action satisfies never;
  }
}
