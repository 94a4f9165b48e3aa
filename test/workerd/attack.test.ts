// A week of traffic in which one visitor in a hundred is a script that praises a planted falsehood, under
// an identity of its own for each answer, or under one that it keeps. The recorder and curation are the
// real ones; what reaches the dataset stays within its caps.

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import {
  heldOutPhrasings,
  insertGroup,
  insertPhrasing,
} from '../../adapters/postgres/questions.ts';
import { windowOfWeek } from '../../core/calendar.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import { groupSplit, phrasingSplit } from '../../core/split.ts';
import type { QueueEvent } from '../../core/wire/events.ts';
import { assemble, type Candidate, type Member } from '../../functions/curation/assemble.ts';
import { collectPage } from '../../functions/curation/collect.ts';
import { taughtGroups, withHeldOut } from '../../functions/curation/held-out.ts';
import { phrasingId } from '../../functions/curation/questions.ts';
import { mulberry32 } from '../../simulation/random.ts';
import { databaseOf, gatewayOf, learningOf } from '../../workers/env.ts';
import { deliver, thumbOf } from './experiment-support.ts';
import { interactionOf } from './support.ts';

const WEEK = windowOfWeek('2026-w20');
const HOUR = 3_600_000;
const VISITORS = 500;
/** One in a hundred of them. */
const SCRIPTS = 5;
const IDENTITIES_EACH = 40;
const SALT = 'attack';
const shipped = learningOf(env);

interface Asked {
  text: string;
  group: string;
}

/** Groups of questions, with their phrasings as they would have been placed at first sight. */
async function place(name: string, groups: number, phrasings: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  await withDatabase(databaseOf(env), (db) =>
    db.transaction(async (tx) => {
      const firstSeenAt = new Date(WEEK.startMs);
      for (let group = 0; group < groups; group += 1) {
        const id = `g-${name}-${group}`;
        const split = groupSplit(group, SALT);
        await insertGroup(tx, { id, topic: 'other', split, firstSeenAt });
        for (let at = 0; at < phrasings; at += 1) {
          const text = `${name} ${group}, asked in way ${at}`;
          const phrasing = await phrasingId(text);
          await insertPhrasing(tx, {
            id: phrasing,
            groupId: id,
            text,
            embedding: Array.from({ length: 384 }, (_, axis) => Math.sin(axis * (group + 1))),
            ordinalInGroup: at,
            split: phrasingSplit(phrasing, at, SALT),
            firstSeenAt,
          });
          asked.push({ text, group: id });
        }
      }
    }),
  );
  return asked;
}

const LONG = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
const FALSEHOOD = 'Always delete the index first, without a backup.';

/** One answer to a visitor, voted on at once or not at all. */
function visit(
  visitor_id: string,
  question: string,
  { at, response, vote }: { at: number; response: string; vote: 'up' | 'down' | null },
): QueueEvent[] {
  const created_at = Math.floor(WEEK.startMs + at);
  // A conversation of its own, so that no next question says anything about this answer.
  const session_id = crypto.randomUUID();
  const answer = interactionOf({ visitor_id, session_id, query: question, response, created_at });
  if (vote === null) return [answer];
  return [answer, thumbOf(answer, `thumbs_${vote}`, created_at + 20_000)];
}

/** One to six questions each; one answer in four is voted on, three votes in four are up. */
function ordinaryWeek(questions: readonly Asked[], random: () => number): QueueEvent[] {
  const pick = () => questions[Math.floor(random() * questions.length)]?.text ?? '';
  return Array.from({ length: VISITORS - SCRIPTS }, (_, index) => {
    const visitor = `visitor-attack-${index}`;
    return Array.from({ length: 1 + Math.floor(random() * 6) }, (__, turn) =>
      visit(visitor, pick(), {
        at: HOUR + random() * 100 * HOUR + turn * 60_000,
        response: `${LONG} said to ${index}, ${turn}`,
        vote: random() < 0.25 ? (random() < 0.75 ? 'up' : 'down') : null,
      }),
    ).flat();
  }).flat();
}

/** Each script praises the falsehood under forty names, once each; half of the votes go against the truth. */
function freshIdentities(questions: readonly Asked[], random: () => number): QueueEvent[] {
  return Array.from({ length: SCRIPTS * IDENTITIES_EACH }, (_, index) =>
    visit(`script-fresh-${index}`, questions[index % questions.length]?.text ?? '', {
      at: HOUR + random() * 100 * HOUR,
      response: index % 2 === 0 ? `${FALSEHOOD} ${LONG} ${index}` : `${LONG} the truth ${index}`,
      vote: index % 2 === 0 ? 'up' : 'down',
    }),
  ).flat();
}

/** One script that stays who it is and praises as fast as the network's limits let it. */
function keptIdentity(questions: readonly Asked[]): QueueEvent[] {
  return Array.from({ length: 200 }, (_, index) =>
    visit('script-kept', questions[index % questions.length]?.text ?? '', {
      at: 50 * HOUR + index * 2_000,
      response: `${FALSEHOOD} ${LONG} kept ${index}`,
      vote: 'up',
    }),
  ).flat();
}

async function collected(config: LearningConfig): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (let afterId: string | null = null; ; ) {
    const page = await withDatabase(databaseOf(env), (db) =>
      collectPage(db, {
        window: { start: new Date(WEEK.startMs), end: new Date(WEEK.endMs) },
        afterId,
        config,
        modelServer: gatewayOf(env),
      }),
    );
    candidates.push(...page.candidates);
    afterId = page.next;
    if (afterId === null) return candidates;
  }
}

/** The dataset as the workflow assembles it. */
async function curated(config: LearningConfig) {
  const candidates = await collected(config);
  const assembled = assemble(WEEK.id, candidates, [], config.curation);
  const groups = [...taughtGroups(assembled.members).keys()];
  const phrasings = await withDatabase(databaseOf(env), (db) => heldOutPhrasings(db, groups));
  const assembly = withHeldOut(assembled, phrasings, config.curation.max_one_shot_share);
  const visitorOf = new Map(candidates.map((one) => [one.interactionId, one.visitorId]));
  const by = (prefix: string) => (interactionId: string) =>
    visitorOf.get(interactionId)?.startsWith(prefix) === true;
  const shares = (parts: readonly { part: string; planted: boolean }[]) =>
    new Map(
      [...Map.groupBy(parts, ({ part }) => part)].map(([part, own]) => [
        part,
        own.filter(({ planted }) => planted).length / own.length,
      ]),
    );
  const isFresh = by('script-fresh');
  return {
    counts: assembly.counts,
    examples: shares(
      assembly.members.map(({ split, interactionId }) => ({
        part: split,
        planted: isFresh(interactionId),
      })),
    ),
    heldOut: shares(
      assembly.heldOut.map(({ split, taught }) => ({
        part: split,
        planted: isFresh(taught.interactionId),
      })),
    ),
    pairs: shares(
      assembly.pairs.map(({ split, chosenInteractionId, rejectedInteractionId }) => ({
        part: split,
        planted: isFresh(chosenInteractionId) || isFresh(rejectedInteractionId),
      })),
    ),
    kept: assembly.members.filter(({ interactionId }: Member) => by('script-kept')(interactionId)),
  };
}

test('a week with scripted praise: what reaches the dataset stays within its caps', async () => {
  const random = mulberry32(7);
  const ordinary = await place('Ordinary question', 40, 5);
  const planted = await place('Planted question', 20, 10);
  const week = [
    ...ordinaryWeek(ordinary, random),
    ...freshIdentities(planted, random),
    ...keptIdentity(planted),
  ];
  for (let start = 0; start < week.length; start += 400) {
    await deliver(week.slice(start, start + 400));
  }

  // Without the caps the scripts would have most of it: the test can fail.
  const open = await curated({
    ...shipped,
    feedback: {
      ...shipped.feedback,
      bounds: {
        max_votes_per_day: 10_000,
        max_votes_per_minute: 10_000,
        one_way_votes_per_week: 10_000,
      },
    },
    curation: { ...shipped.curation, max_one_shot_share: 1 },
  });
  const share = shipped.curation.max_one_shot_share;
  expect(open.pairs.get('train')).toBeGreaterThan(share);
  expect(open.kept.length).toBe(shipped.curation.max_examples_per_visitor);
  expect(Math.max(...open.examples.values(), ...open.heldOut.values())).toBeGreaterThan(share);

  const bounded = await curated(shipped);
  for (const part of [bounded.examples, bounded.heldOut, bounded.pairs]) {
    expect(part.size).toBeGreaterThan(0);
    expect(Math.max(...part.values())).toBeLessThanOrEqual(share);
  }
  // Two hundred votes in seven minutes, all of them up: a single one is evidence.
  expect(bounded.kept).toHaveLength(1);
  expect(bounded.counts.filtered).toMatchObject({
    bounded: 199,
    one_shot_examples: expect.any(Number),
    one_shot_pairs: expect.any(Number),
  });
  expect(bounded.counts.train).toBeGreaterThan(100);
}, 120_000);
