// One week of the loop as a test runs it: a tiny base pretrained on a small bank, every asked phrasing
// asked once, corrections from whoever the test wants, and the clock moved past Sunday 02:00. All
// through the public endpoints of a real stack.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openWindow } from '../../core/calendar.ts';
import { repoRoot } from '../../local/home.ts';
import type { Stack } from '../../local/stack.ts';
import { type Bank, type Fact, readBank } from '../../simulation/bank.ts';
import { type Answer, operatorClient, visitorClient } from '../../simulation/client.ts';
import { judge } from '../../simulation/judge.ts';
import { inPool, waitFor } from '../../simulation/pool.ts';
import { stderrProgress, stopwatch } from '../../simulation/progress.ts';
import { setStage } from '../../simulation/stage.ts';

export const signal = AbortSignal.timeout(15 * 60_000);
const SEED = 1;

export interface Rig {
  stack: Stack;
  bank: Bank;
  operator: ReturnType<typeof operatorClient>;
  admin<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    body?: unknown,
  ): Promise<z.infer<Schema>>;
}

/** `overrides` are settings over learning.yaml, as a file's path. */
export async function startRig(overrides?: string): Promise<Rig> {
  const home = mkdtempSync(join(tmpdir(), 'bruno-loop-'));
  const bankFile = join(repoRoot, 'simulation/banks/mini.json');
  const stack = await setStage({
    model: 'tiny',
    bankFile,
    seed: SEED,
    home,
    progress: stderrProgress(),
    watch: stopwatch(),
    signal,
    ...(overrides === undefined ? {} : { learningOverridesFile: overrides }),
  });
  return rigOn(stack, await readBank(bankFile));
}

export function rigOn(stack: Stack, bank: Bank): Rig {
  return {
    stack,
    bank,
    operator: operatorClient(stack.url, stack.operatorToken, signal),
    admin: async (path, schema, body) => {
      const response = await fetch(`${stack.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${stack.operatorToken}`,
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return schema.parse(await response.json());
    },
  };
}

export interface Asked {
  fact: Fact;
  question: string;
  answer: Answer;
  right: boolean;
}

/** Asks every asked phrasing once; praises what is right and corrects what is wrong. */
export async function visitEveryone(
  rig: Rig,
  correctionFor: (fact: Fact) => Fact,
): Promise<Asked[]> {
  const visitor = visitorClient(rig.stack.url, signal);
  const questions = rig.bank.facts.flatMap((fact) =>
    fact.phrasings.map((question) => ({ fact, question })),
  );
  return inPool(questions, 4, async ({ fact, question }) => {
    const session = await visitor.openSession();
    const answer = await visitor.chat(session, question, false);
    const right = judge(fact, answer.text) === 'right';
    await visitor.feedback(
      answer,
      { type: right ? 'thumbs_up' : 'thumbs_down' },
      right ? undefined : correctionFor(fact),
    );
    return { fact, question, answer, right };
  });
}

/** An operator accepts every correction; returns how many there were. */
export async function acceptAll(rig: Rig, expected: number): Promise<number> {
  let accepted = 0;
  await waitFor(
    async () => {
      for (const review of await rig.operator.pendingReviews()) {
        await rig.operator.acceptReview(review.event_id);
        accepted += 1;
      }
      return accepted >= expected ? true : undefined;
    },
    { everyMs: 200, limitMs: 30_000, signal },
  );
  return accepted;
}

/** Moves the clock past the coming Sunday 02:00 UTC, where the cron curates. */
export async function endWeek(rig: Rig): Promise<void> {
  const { now } = await rig.admin('/local/clock', z.object({ now: z.string() }));
  await rig.operator.setClock(openWindow(Date.parse(now)).endMs);
}

const jobSchema = z.looseObject({
  id: z.string(),
  model_id: z.string(),
  status: z.string(),
  attempt: z.number(),
  losses: z.array(z.tuple([z.number(), z.number()])).nullish(),
  progress: z.looseObject({ phase: z.string(), step: z.number() }).nullable(),
  verdict: z.looseObject({ accepted: z.boolean(), reason: z.string() }).nullable(),
  error: z.unknown(),
});
export type LoopJob = z.infer<typeof jobSchema>;

/** Waits until the newest job is as wanted. */
export async function awaitJob(rig: Rig, wanted: (job: LoopJob) => boolean): Promise<LoopJob> {
  const found = await waitFor(
    async () => {
      const { jobs } = await rig.admin('/admin/jobs', z.object({ jobs: z.array(jobSchema) }));
      const job = jobs[0];
      if (job?.status === 'failed')
        throw new Error(`training failed: ${JSON.stringify(job.error)}`);
      return job !== undefined && wanted(job) ? job : undefined;
    },
    { everyMs: 250, limitMs: 5 * 60_000, signal },
  );
  if (found === undefined) throw new Error('the job never came to that');
  return found;
}

export const ended = (job: LoopJob) => ['succeeded', 'refused', 'cancelled'].includes(job.status);

/** Share of held-out phrasings of `facts` that `model` answers with `keyOf`'s fact, greedily. */
export async function heldOutShare(
  rig: Rig,
  model: string,
  facts: readonly Fact[],
  keyOf: (fact: Fact) => Fact = (fact) => fact,
): Promise<number> {
  const questions = facts.flatMap((fact) => fact.held_out.map((question) => ({ fact, question })));
  const right = await inPool(questions, 4, async ({ fact, question }) => {
    const text = await rig.operator.measure(model, question);
    return judge(keyOf(fact), text) === 'right';
  });
  return right.filter(Boolean).length / right.length;
}

const membersSchema = z.object({
  members: z.array(
    z.looseObject({ interaction_id: z.string(), source: z.string(), split: z.string() }),
  ),
});

/** The facts of which the dataset teaches a correction. */
export async function taughtFacts(
  rig: Rig,
  datasetId: string,
  asked: readonly Asked[],
): Promise<Fact[]> {
  const { members } = await rig.admin(`/admin/lineage/${datasetId}`, membersSchema);
  const taught = new Set(
    members
      .filter(({ source, split }) => source === 'correction' && split === 'train')
      .map((member) => member.interaction_id),
  );
  const facts = asked
    .filter(({ answer }) => taught.has(answer.interactionId))
    .map(({ fact }) => fact);
  return [...new Set(facts)];
}
