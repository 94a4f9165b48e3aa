// Datasets for the tests of erasure and retention, made by the code that makes them: two visitors' words
// taught, held out and compared.

import { env } from 'cloudflare:workers';
import { insertFeedback, insertInteractions } from '../../adapters/postgres/answers.ts';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { noteAskers } from '../../adapters/postgres/phrasings.ts';
import { insertGroup, insertPhrasing } from '../../adapters/postgres/questions.ts';
import { windowOfWeek } from '../../core/calendar.ts';
import type { FeedbackEvent, InteractionEvent } from '../../core/wire/events.ts';
import type { Member, PairRef } from '../../functions/curation/assemble.ts';
import type { HeldOut } from '../../functions/curation/held-out.ts';
import { phrasingId } from '../../functions/curation/questions.ts';
import { countContents } from '../../functions/curation/standing.ts';
import { writeDataset } from '../../functions/curation/write.ts';
import { databaseOf } from '../../workers/env.ts';
import { store } from './stored.ts';
import { interactionOf } from './support.ts';

export const correctionOf = (
  answer: InteractionEvent,
  over: Partial<FeedbackEvent>,
): FeedbackEvent => ({
  kind: 'feedback',
  v: 1,
  event_id: crypto.randomUUID(),
  interaction_id: answer.interaction_id,
  visitor_id: answer.visitor_id,
  model_version: 'tiny-sre',
  feedback_type: 'correction',
  feedback_value: -0.5,
  corrected_response: 'A better answer.',
  correction_type: null,
  metadata: {},
  at: answer.created_at,
  received_at: answer.created_at,
  ...over,
});

/** Recorded, and its question kept with who asked it. */
export async function said(
  visitorId: string,
  query: string,
  over: Partial<InteractionEvent> & { held?: 'validation' | 'test' } = {},
) {
  const { held, ...fields } = over;
  const answer = interactionOf({
    visitor_id: visitorId,
    query,
    response: `An answer to: ${query}`,
    ...fields,
  });
  const id = await phrasingId(query);
  const firstSeenAt = new Date(answer.created_at);
  const asked = { phrasingId: id, visitorId, askedAt: firstSeenAt };
  await withDatabase(databaseOf(env), async (db) => {
    await insertInteractions(db, [answer]);
    await insertGroup(db, { id: `g-${id}`, topic: 'other', split: 'train', firstSeenAt });
    await insertPhrasing(db, {
      id,
      groupId: `g-${id}`,
      text: query,
      embedding: Array.from({ length: 384 }, (_, index) => (index === 0 ? 1 : 0)),
      ordinalInGroup: 0,
      split: held ?? 'train',
      firstSeenAt,
    });
    await noteAskers(db, [asked]);
  });
  return { ...answer, phrasingId: id };
}
type Said = Awaited<ReturnType<typeof said>>;

export async function corrected(answer: Said, text: string): Promise<FeedbackEvent> {
  const event = correctionOf(answer, { corrected_response: text });
  await withDatabase(databaseOf(env), (db) => insertFeedback(db, [event], true));
  return event;
}

export const memberOf = (answer: Said, over: Partial<Member> = {}): Member => ({
  interactionId: answer.interaction_id,
  phrasingId: answer.phrasingId,
  groupId: `g-${answer.phrasingId}`,
  source: 'praise',
  feedbackEventId: null,
  split: 'train',
  qualityRaw: 0.9,
  replayedFrom: null,
  repeats: 1,
  oneShot: false,
  ...over,
});

export const askedOf = (answer: Said, taught: Member): HeldOut => ({
  phrasing: {
    id: answer.phrasingId,
    groupId: taught.groupId,
    text: answer.query,
    split: 'validation',
  },
  split: 'validation_phrasings',
  taught,
});

export const pairOf = (pairId: string, chosen: Said, rejected: Said): PairRef => ({
  pairId,
  source: 'direct_comparison',
  chosenInteractionId: chosen.interaction_id,
  correctionEventId: null,
  rejectedInteractionId: rejected.interaction_id,
  margin: 0.6,
  confidence: 0.95,
  weight: 1,
  split: 'train',
});

interface Contents {
  members: Member[];
  heldOut?: HeldOut[];
  pairs?: PairRef[];
}

/** Written to the store and closed on record, as the workflow does. */
export async function makeDataset(week: string, contents: Contents): Promise<void> {
  const { members, heldOut = [], pairs = [] } = contents;
  const window = windowOfWeek(week);
  const counts = {
    interactions: 10,
    with_evidence: 10,
    qualified: 10,
    filtered: {},
    token_sources: { model_server: 10, words: 0 },
    bands: { excellent: 10, good: 0, acceptable: 0, neutral: 0, poor: 0 },
    ...countContents(members, pairs, heldOut),
  };
  await withDatabase(databaseOf(env), async (db) => {
    await openDataset(db, {
      id: week,
      windowStart: new Date(window.startMs),
      windowEnd: new Date(window.endMs),
      createdAt: new Date(window.endMs),
    });
    const written = await writeDataset(db, store, window, { members, heldOut, pairs, counts });
    const { assembly } = written;
    await closeDataset(
      db,
      week,
      assembly.members.map(({ groupId: _group, repeats: _repeats, ...member }) => ({
        datasetId: week,
        ...member,
      })),
      assembly.pairs.map((pair) => ({
        datasetId: week,
        id: pair.pairId,
        chosenInteractionId: pair.chosenInteractionId,
        rejectedInteractionId: pair.rejectedInteractionId,
        source: pair.source,
        margin: pair.margin,
        split: pair.split,
      })),
      {
        status: 'ready',
        counts: assembly.counts,
        files: written.files,
        manifestSha256: written.manifestSha256,
      },
      assembly.heldOut.map(({ phrasing }) => phrasing.id),
    );
  });
}
