// Rules 3 and 4: may the candidate have the next share, and may it have everyone? Both hold on anything
// missing. They are asked after `harmVerdict`, which alone can roll back.

import type { HarmVerdict, Result } from './guardrail.ts';
import { type Harm, lowerHarm, onScale, upperHarm } from './harm.ts';
import type { Arm } from './moments.ts';
import type { Policy } from './policy.ts';
import * as say from './sentences.ts';

export interface StageFacts {
  hoursInStage: number;
  /** Different users seen in each arm since the experiment began. */
  users: Record<Arm, number>;
  /** Why the data cannot be trusted (old, frozen by the sample ratio, an outage), or null. */
  unhealthy: string | null;
  /** Where the harm is proven on the spot but the policy only holds, this is still a `fail` here. */
  harm: HarmVerdict;
}

export interface Verdict {
  result: Result;
  reason: string;
}

const hold = (reason: string): Verdict => ({ result: 'inconclusive', reason: `hold: ${reason}` });

/** Rule 3. `pass` lets the share grow. Not being amber is required; a metric still waiting for data is not harm. */
export function advanceVerdict(facts: StageFacts, policy: Policy): Verdict {
  const { hoursInStage, users, unhealthy, harm } = facts;
  if (harm.result === 'fail') return { result: 'fail', reason: harm.reason };
  if (unhealthy !== null) return hold(unhealthy);
  if (harm.result === 'error' || harm.amber) return hold(harm.reason);
  const { hours, users: needed } = policy.stage;
  if (!(hoursInStage >= hours)) {
    return hold(`${say.count(Math.max(0, hoursInStage))} of ${say.count(hours)} h in this stage`);
  }
  for (const arm of ['treatment', 'control'] as const) {
    if (users[arm] >= needed) continue;
    return hold(`${say.count(users[arm])} of ${say.count(needed)} users in ${arm}`);
  }
  const reason = `${say.count(hours)} h in this stage, ${say.count(users.treatment)} users in treatment, ${harm.reason}`;
  return { result: 'pass', reason };
}

export interface PromotionFacts extends StageFacts {
  /** Whether the candidate was better on held-out questions and no worse on untaught ones; its sentence. */
  offline: { better: boolean; reason: string } | null;
  /** Hours at the planned share or above without amber. */
  quietHours: number;
}

/** Rule 4: as rule 3, and what the experiment's `promoteOn` asks for. */
export function promotionVerdict(facts: PromotionFacts, policy: Policy): Verdict {
  const advance = advanceVerdict(facts, policy);
  if (advance.result !== 'pass') return advance;
  switch (policy.promoteOn) {
    case 'improvement':
      return both(improvement(facts.harm, policy), nonInferiority(facts.harm, policy));
    case 'non_inferior':
      return both(nonInferiority(facts.harm, policy), betterOffline(facts));
    case 'no_evidence_of_harm':
      return both(quiet(facts, policy), betterOffline(facts));
  }
}

function both(first: Verdict, second: Verdict): Verdict {
  if (first.result !== 'pass') return first;
  if (second.result !== 'pass') return second;
  return { result: 'pass', reason: `${first.reason}; ${second.reason}` };
}

/** θ − c(V, τ, α_promote) > 0 on the primary, in the direction that helps. */
export function improvement({ guardrails }: HarmVerdict, policy: Policy): Verdict {
  const primary = policy.metrics.find(({ role }) => role === 'primary');
  const judged = guardrails.find(({ metric }) => metric === primary?.metric);
  if (!judged?.harm || judged.waitingFor !== null) {
    return hold(judged?.waitingFor ?? 'the primary metric is not measured');
  }
  const verdict = improvementOf(judged.harm, policy);
  return verdict.result === 'pass' ? verdict : hold(verdict.reason);
}

/** The same of one metric's numbers; `inconclusive` while it is not established. */
export function improvementOf(harm: Harm, policy: Policy): Verdict {
  const gain: Harm = { ...harm, harm: -harm.harm };
  const least = lowerHarm(gain, policy.alpha.promote);
  const numbers = `${say.rates(harm)}, better by ${say.effect(gain.scale, gain.harm)}, ${say.bounded(gain.scale, least)}`;
  if (least > 0) return { result: 'pass', reason: numbers };
  return { result: 'inconclusive', reason: `improvement not established: ${numbers}` };
}

/** U(α_ni) below every ceiling. A metric with a ceiling and too little data holds. */
export function nonInferiority({ guardrails, waived }: HarmVerdict, policy: Policy): Verdict {
  const alpha = policy.alpha.nonInferiority;
  const watched = policy.metrics.flatMap(({ metric, ceiling }) =>
    ceiling === null || waived.includes(metric) ? [] : [{ metric, ceiling }],
  );
  const passed: string[] = [];
  for (const { metric, ceiling } of watched) {
    const verdict = guardrails.find((one) => one.metric === metric);
    if (!verdict?.harm) return hold(verdict?.reason ?? `${say.name(metric)}: not measured yet`);
    const limit = onScale(verdict.harm, ceiling);
    const most = say.atMost(verdict.harm, alpha);
    const ceilingText = say.effect(verdict.harm.scale, limit);
    if (!(upperHarm(verdict.harm, alpha) < limit)) {
      return hold(`${say.name(metric)} ${most}, the ceiling is ${ceilingText}`);
    }
    passed.push(`${say.name(metric)} ${most} (ceiling ${ceilingText})`);
  }
  const unwatched = waived.length > 0 ? [`not measured: ${waived.map(say.name).join(', ')}`] : [];
  return { result: 'pass', reason: [...passed, ...unwatched].join(', ') };
}

function betterOffline({ offline }: PromotionFacts): Verdict {
  if (offline?.better === true)
    return { result: 'pass', reason: `better offline: ${offline.reason}` };
  return hold(offline ? `not better offline: ${offline.reason}` : 'no offline comparison');
}

function quiet({ quietHours }: PromotionFacts, policy: Policy): Verdict {
  const needed = policy.quietHours;
  if (!(quietHours >= needed)) {
    return hold(`${say.count(Math.max(0, quietHours))} of ${say.count(needed)} h without amber`);
  }
  return {
    result: 'pass',
    reason: `${say.count(needed)} h at the planned share without amber. Not proven better live.`,
  };
}
