// What the engine will do next with an experiment, when, and what is still missing for it, in sentences.
// The verdicts are those of core/statistics; nothing is decided here. Pure.

import { leftMs } from '../rollout/decide.ts';
import type { Evidence } from '../rollout/facts.ts';
import { type RolloutPolicy, shareBpOf } from '../rollout/policy.ts';
import type { Phase, Progress, RolloutState, StepUp } from '../rollout/state.ts';
import { improvement, nonInferiority, type Verdict } from '../statistics/promotion.ts';
import { count } from '../statistics/sentences.ts';

const HOUR_MS = 3_600_000;

/** One condition of the next step up. */
export interface Need {
  what: string;
  says: string;
  met: boolean;
}

export interface NextStep {
  says: string;
  /** When the hours of the stage are over, if it goes on running; null where time is not what is missing. */
  earliestMs: number | null;
  /** Of the next step up; empty where none is ahead. */
  needs: Need[];
}

export interface Standing {
  state: RolloutState;
  policy: RolloutPolicy;
  evidence: Evidence | null;
  /** In the line; null where it is not in it. */
  place: number | null;
}

const only = (says: string): NextStep => ({ says, earliestMs: null, needs: [] });

export function nextStepOf({ state: { at }, policy, evidence, place }: Standing): NextStep {
  switch (at.phase) {
    case 'planned':
      return only(
        policy.startsItself
          ? 'It starts by itself at the next look.'
          : 'It waits for an operator to start it, and asks again every 24 hours.',
      );
    case 'queued': {
      const where = place === null ? '' : ` It is number ${place} in the line.`;
      return only(`It starts at ${share(policy, 0)} as soon as visitors are free for it.${where}`);
    }
    case 'running':
      return running(at, policy, evidence);
    case 'waiting': {
      const to = whereTo(at.step, at.progress, policy);
      const says = `It waits for you to let it go ${to}. Until then its share stays, this time does not count, and ${atHarm(policy)}`;
      return { says, earliestMs: null, needs: needsOf(at.progress, policy, evidence) };
    }
    case 'paused':
      return only(
        `It is paused: its share stays, its time stands still, and ${atHarm(policy)} It goes on when you resume it.`,
      );
    case 'frozen':
      return only(
        `It is frozen and goes no further: nothing can be concluded from these visitors. Stop it or roll it back. Until then ${atHarm(policy)}`,
      );
    case 'ended':
      return only('It is over; nothing follows.');
    default:
      return at satisfies never;
  }
}

function running(
  { progress }: Extract<Phase, { phase: 'running' }>,
  policy: RolloutPolicy,
  evidence: Evidence | null,
): NextStep {
  const { rules } = policy;
  const to = whereTo(upFrom(progress, policy), progress, policy);
  const goes = rules.autoAdvance ? `It goes ${to} by itself` : `It asks you to let it go ${to}`;
  const inStageMs = rules.stage.hours * HOUR_MS - progress.stageRunningMs;
  const daysLeft = leftMs(progress, policy) / (24 * HOUR_MS);
  const says = `${goes} at the first look that finds everything below. At any look, ${atHarm(policy)} Without a verdict it ends in ${oneDigit(Math.max(0, daysLeft))} days of running time.`;
  const earliestMs = inStageMs > 0 ? progress.lookedAtMs + inStageMs : null;
  return { says, earliestMs, needs: needsOf(progress, policy, evidence) };
}

const atHarm = ({ rules }: RolloutPolicy) =>
  rules.onHarm === 'roll_back'
    ? 'harm that is proven is rolled back without asking.'
    : 'harm that is proven is told to you and changes nothing by itself.';

const share = (policy: RolloutPolicy, stage: number) => `${shareBpOf(policy, stage) / 100} %`;

const isLastBut = ({ stage }: Progress, { rules }: RolloutPolicy, by: number) =>
  stage >= rules.shares.length - 1 - by;

function upFrom(progress: Progress, policy: RolloutPolicy): StepUp {
  if (isLastBut(progress, policy, 0)) return 'finish';
  return isLastBut(progress, policy, 1) ? 'promote' : 'advance';
}

const whereTo = (up: StepUp, { stage }: Progress, policy: RolloutPolicy) =>
  up === 'finish' ? 'to everyone' : `to ${share(policy, stage + 1)}`;

function needsOf(progress: Progress, policy: RolloutPolicy, evidence: Evidence | null): Need[] {
  const { rules } = policy;
  const { stage } = rules;
  const hours = progress.stageRunningMs / HOUR_MS;
  const time: Need = {
    what: `${count(stage.hours)} hours in this stage`,
    says: `${oneDigit(hours)} of ${count(stage.hours)} hours`,
    met: hours >= stage.hours,
  };
  if (evidence === null) {
    return [time, { what: 'data', says: 'no data could be read', met: false }];
  }
  const { users, harm, unhealthy, splitBroken } = evidence;
  const arms = (['treatment', 'control'] as const).map(
    (arm): Need => ({
      what: `${count(stage.users)} visitors in ${arm}`,
      says: `${count(users[arm])} of ${count(stage.users)} visitors`,
      met: users[arm] >= stage.users,
    }),
  );
  const isClear = harm.result !== 'fail' && harm.result !== 'error' && !harm.amber;
  return [
    time,
    ...arms,
    {
      what: 'no metric looks harmed',
      says: isClear ? 'none does' : harm.reason,
      met: isClear,
    },
    { what: 'data arrive', says: unhealthy ?? 'they do', met: unhealthy === null },
    {
      what: 'visitors are split as configured',
      says: splitBroken ?? 'they are',
      met: splitBroken === null,
    },
    ...(upFrom(progress, policy) === 'promote' ? promotionNeeds(progress, policy, evidence) : []),
  ];
}

/** What `promoteOn` asks for before the last stage, in its order. */
function promotionNeeds(
  progress: Progress,
  { rules }: RolloutPolicy,
  { harm, offline }: Evidence,
): Need[] {
  const needed = (what: string, { result, reason }: Verdict): Need => ({
    what,
    says: reason.replace(/^hold: /, ''),
    met: result === 'pass',
  });
  const better = () => needed('better on live traffic', improvement(harm, rules));
  const bounded = () => needed('harm above every ceiling excluded', nonInferiority(harm, rules));
  const offlineBetter: Need = {
    what: 'better offline',
    says: offline?.reason ?? 'no offline comparison',
    met: offline?.better === true,
  };
  const quietHours = progress.quietMs / HOUR_MS;
  switch (rules.promoteOn) {
    case 'improvement':
      return [better(), bounded()];
    case 'non_inferior':
      return [bounded(), offlineBetter];
    case 'no_evidence_of_harm':
      return [
        {
          what: `${count(rules.quietHours)} hours without a metric that looks harmed`,
          says: `${oneDigit(quietHours)} of ${count(rules.quietHours)} hours`,
          met: quietHours >= rules.quietHours,
        },
        offlineBetter,
      ];
    default:
      return rules.promoteOn satisfies never;
  }
}

/** Downwards: 24 hours are not said before they are over. */
const oneDigit = (value: number) => String(Math.floor(value * 10) / 10);
