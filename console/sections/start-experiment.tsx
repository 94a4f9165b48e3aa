// Plans an experiment with a model, shows the plan, and only then offers to start it.
import { useState } from 'react';
import type { Action } from '../action-dialog.tsx';
import { type Api, messageOf } from '../api/client.ts';
import { experimentSchema, type Plan, planAnswerSchema } from '../api/experiment-schema.ts';
import type { Model, Status } from '../api/schema.ts';
import { PlanView } from '../experiment/plan-view.tsx';
import { sentence, statusOf } from '../experiment/words.ts';
import { percent } from '../format.ts';
import { experimentHref } from '../view.ts';

const PROMOTE_ON = {
  configured: 'as ab_testing.promote_on says',
  improvement: 'when it is better on live traffic',
  non_inferior: 'when it is not worse live, and better offline',
  no_evidence_of_harm: 'when no harm shows, and it is better offline',
} as const;
type PromoteOn = keyof typeof PROMOTE_ON;
const CHOICES = ['configured', 'improvement', 'non_inferior', 'no_evidence_of_harm'] as const;

interface Props {
  api: Api;
  status: Status;
  act: (action: Action) => void;
}

export function StartExperiment({ api, status, act }: Props) {
  const { live, models = [] } = status;
  const startable = startableOf(models);
  const [picked, setPicked] = useState('');
  const [promoteOn, setPromoteOn] = useState<PromoteOn>('configured');
  const [plan, setPlan] = useState<Plan | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const model = (startable.find(({ id }) => id === picked) ?? startable[0])?.id;
  if (model === undefined) {
    return <p className="quiet">No model is ready to be tried against {live.production}.</p>;
  }
  const show = async () => {
    setProblem(null);
    try {
      const query = promoteOn === 'configured' ? '' : `?promote_on=${promoteOn}`;
      const found = await api.get(`/admin/experiments/plan${query}`, planAnswerSchema);
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
          {startable.map((one) => (
            <option key={one.id} value={one.id}>
              {labelOf(one)}
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
            setPromoteOn(CHOICES.find((one) => one === event.target.value) ?? 'configured');
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
              onClick={() => act(startAction(api, { model, plan }))}
            >
              Start {model} at {percent(plan.first_share)}
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

/** Those that no experiment holds; what visitors have never met comes first, and then the newest. */
const startableOf = (models: readonly Model[]): Model[] =>
  models
    .filter(({ stage, tried }) => {
      const isOpen = tried != null && tried.status !== 'ended';
      return !isOpen && (stage === 'registered' || stage === 'retired');
    })
    .toSorted((a, b) => Number(isKnown(a)) - Number(isKnown(b)));

const isKnown = ({ stage, tried }: Model) => stage === 'retired' || tried != null;

function labelOf({ id, stage, tried }: Model): string {
  if (tried?.outcome != null) return `${id} (tried: ${tried.outcome.replaceAll('_', ' ')})`;
  return stage === 'retired' ? `${id} (was live before)` : id;
}

function startAction(api: Api, { model, plan }: { model: string; plan: Plan }): Action {
  return {
    title: `Start an experiment with ${model}`,
    effect: `${percent(plan.first_share)} of ${plan.slice === 1 ? 'visitors' : 'its visitors'} will be answered by ${model}; if no visitors are free, it waits in line. The plan goes into the history.`,
    verb: `Start at ${percent(plan.first_share)}`,
    needsReason: true,
    async perform({ reason, requestId }) {
      // What was shown, also if the configuration has changed meanwhile.
      const body = { model_id: model, promote_on: plan.promote_on, start: true };
      const sent = { ...body, reason, request_id: requestId };
      const made = await api.post('/admin/experiments', sent, experimentSchema);
      location.hash = experimentHref(made.id);
      return sentence(`Now it is ${statusOf(made).says}: ${made.reason}`);
    },
  };
}
