// Plans an experiment with a model, shows the plan, and only then offers to start it.
import { useState } from 'react';
import type { Action } from '../action-dialog.tsx';
import { type Api, messageOf } from '../api/client.ts';
import { experimentSchema, type Plan, planAnswerSchema } from '../api/experiment-schema.ts';
import type { Status } from '../api/schema.ts';
import { PlanView } from '../experiment/plan-view.tsx';
import { sentence, statusOf } from '../experiment/words.ts';
import { percent } from '../format.ts';
import { experimentHref } from '../view.ts';

const PROMOTE_ON = {
  improvement: 'when it is better on live traffic',
  non_inferior: 'when it is not worse live, and better offline',
  no_evidence_of_harm: 'when no harm shows, and it is better offline',
} as const;
type PromoteOn = keyof typeof PROMOTE_ON;
const CHOICES = ['improvement', 'non_inferior', 'no_evidence_of_harm'] as const;

interface Props {
  api: Api;
  status: Status;
  act: (action: Action) => void;
}

export function StartExperiment({ api, status, act }: Props) {
  const { live, models = [] } = status;
  const startable = models.filter(({ stage }) => stage === 'registered' || stage === 'retired');
  const [picked, setPicked] = useState('');
  const [promoteOn, setPromoteOn] = useState<PromoteOn>('improvement');
  const [plan, setPlan] = useState<Plan | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const model = (startable.find(({ id }) => id === picked) ?? startable[0])?.id;
  if (model === undefined) {
    return <p className="quiet">No model is ready to be tried against {live.production}.</p>;
  }
  const show = async () => {
    setProblem(null);
    try {
      const query = `promote_on=${promoteOn}`;
      const found = await api.get(`/admin/experiments/plan?${query}`, planAnswerSchema);
      setPlan(found.plan);
    } catch (thrown) {
      setPlan(null);
      setProblem(messageOf(thrown));
    }
  };
  return (
    <div className="start-experiment">
      <h3>Plan another</h3>
      <div className="actions">
        <label className="unseen" htmlFor="plan-model">
          Model to try
        </label>
        <select
          id="plan-model"
          className="field"
          data-testid="plan-model"
          value={model}
          onChange={(event) => setPicked(event.target.value)}
        >
          {startable.map(({ id, stage }) => (
            <option key={id} value={id}>
              {stage === 'retired' ? `${id} (was live before)` : id}
            </option>
          ))}
        </select>
        <label className="unseen" htmlFor="plan-promote-on">
          When it may be promoted
        </label>
        <select
          id="plan-promote-on"
          className="field"
          data-testid="plan-promote-on"
          value={promoteOn}
          onChange={(event) => {
            setPromoteOn(CHOICES.find((one) => one === event.target.value) ?? 'improvement');
            setPlan(null);
          }}
        >
          {CHOICES.map((one) => (
            <option key={one} value={one}>
              promoted {PROMOTE_ON[one]}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="button"
          data-testid="plan-show"
          onClick={() => void show()}
        >
          Show the plan
        </button>
      </div>
      {problem !== null && (
        <p className="alarm" role="alert">
          {problem}
        </p>
      )}
      {plan !== null && (
        <div className="card-like">
          <PlanView plan={plan} />
          <div className="actions">
            <button
              type="button"
              className="button primary"
              data-testid="plan-start"
              onClick={() => act(startAction(api, { model, promoteOn, plan }))}
            >
              Start {model} at {percent(plan.first_share)}
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

function startAction(
  api: Api,
  { model, promoteOn, plan }: { model: string; promoteOn: PromoteOn; plan: Plan },
): Action {
  return {
    title: `Start an experiment with ${model}`,
    effect: `${percent(plan.first_share)} of ${plan.slice === 1 ? 'visitors' : 'its visitors'} will be answered by ${model}; if no visitors are free, it waits in line. The plan goes into the history.`,
    verb: `Start at ${percent(plan.first_share)}`,
    needsReason: true,
    async perform({ reason, requestId }) {
      const body = { model_id: model, promote_on: promoteOn, start: true };
      const sent = { ...body, reason, request_id: requestId };
      const made = await api.post('/admin/experiments', sent, experimentSchema);
      location.hash = experimentHref(made.id);
      return sentence(`Now it is ${statusOf(made).says}: ${made.reason}`);
    },
  };
}
