// One page of a window's answers: read with everything said about them, placed in their groups,
// judged, and given back without their text.

import type { ModelServerConfig } from '../../adapters/model-server/index.ts';
import { sha256 } from '../../adapters/object-store/index.ts';
import { feedbackOf } from '../../adapters/postgres/answers.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import { type InteractionRow, pageOfCandidates } from '../../adapters/postgres/datasets.ts';
import { erasedAmong } from '../../adapters/postgres/erasures.ts';
import { type Asked, forgetAsker, noteAskers } from '../../adapters/postgres/phrasings.ts';
import { boundedVotes, oneShotVisitors } from '../../adapters/postgres/vote-bounds.ts';
import { voteKind } from '../../core/feedback-values.ts';
import type { LearningConfig } from '../../core/learning-config.ts';
import { sourcesSchema } from '../../core/wire/shared.ts';
import type { Candidate } from './assemble.ts';
import { type Placed, placeQuestions } from './questions.ts';
import { type Evidence, evidenceType, judge } from './score.ts';

export const PAGE_SIZE = 500;

export interface Page {
  candidates: Candidate[];
  /** Where the next page starts; null after the last. */
  next: string | null;
}

interface CollectOptions {
  window: { start: Date; end: Date };
  afterId: string | null;
  config: LearningConfig;
  modelServer: ModelServerConfig;
}

/** Equal words are equal answers, whatever their case and spacing. */
export async function textKey(text: string): Promise<string> {
  const plain = text.toLowerCase().replaceAll(/\s+/gu, ' ').trim();
  return (await sha256(new TextEncoder().encode(plain))).slice(0, 24);
}

export async function collectPage(db: Database, options: CollectOptions): Promise<Page> {
  const rows = await pageOfCandidates(db, options.window, options.afterId, PAGE_SIZE);
  const events = Map.groupBy(
    await feedbackOf(
      db,
      rows.map((row) => row.id),
    ),
    (event) => event.interactionId,
  );
  const { end } = options.window;
  const visitorIds = [...new Set(rows.map((row) => row.visitorId))];
  const { bounds } = options.config.feedback;
  const bounded = new Set(
    (await boundedVotes(db, visitorIds, { bounds, before: end })).map(voteKey),
  );
  const judged = rows.map((row) => ({
    row,
    judged: judge(
      factsOf(row),
      evidenceOf(events.get(row.id) ?? [], { end, bounded }),
      options.config,
    ),
  }));
  const oneShot = await oneShotVisitors(db, visitorIds, end);
  // Every usable question gets its place, voted on or not: a phrasing nobody judged still asks
  // whether its group's answer was learned.
  const usable = judged.filter(({ judged: verdict }) => verdict.usable);
  const placed = await placeQuestions(
    db,
    usable.map(({ row }) => row.query),
    {
      modelServer: options.modelServer,
      similarityThreshold: options.config.curation.similarity_threshold,
      at: options.window.end,
    },
  );
  await keepAskers(
    db,
    usable.flatMap(({ row }) => {
      const place = placed.get(row.query);
      if (place === undefined) return [];
      return [{ phrasingId: place.phrasingId, visitorId: row.visitorId, askedAt: row.createdAt }];
    }),
  );
  const candidates = await Promise.all(
    judged.map(({ row, judged: verdict }) =>
      candidateOf(row, verdict, {
        place: placed.get(row.query),
        oneShot: oneShot.has(row.visitorId),
      }),
    ),
  );
  return { candidates, next: rows.length < PAGE_SIZE ? null : (rows.at(-1)?.id ?? null) };
}

/** Whoever was erased while this page was read leaves nothing of it behind. */
async function keepAskers(db: Database, asked: readonly Asked[]): Promise<void> {
  await noteAskers(db, asked);
  const visitors = asked.map((one) => one.visitorId);
  await db.transaction(async (tx) => {
    for (const visitorId of await erasedAmong(tx, visitors)) {
      const theirs = asked.filter((one) => one.visitorId === visitorId);
      const ids = theirs.map((one) => one.phrasingId);
      await forgetAsker(tx, visitorId, ids);
    }
  });
}

async function candidateOf(
  row: InteractionRow,
  verdict: ReturnType<typeof judge>,
  { place, oneShot }: { place: Placed | undefined; oneShot: boolean },
): Promise<Candidate> {
  return {
    interactionId: row.id,
    visitorId: row.visitorId,
    oneShot,
    phrasingId: place?.phrasingId ?? '',
    groupId: place?.groupId ?? '',
    split: place?.split ?? 'train',
    qualified: verdict.qualified && place !== undefined,
    comparable: verdict.comparable && place !== undefined,
    reason: verdict.reason ?? null,
    raw: verdict.score?.raw ?? null,
    score: verdict.score?.score ?? null,
    band: verdict.score?.band ?? null,
    responseKey: await textKey(row.response),
    tokenSource: verdict.tokenSource,
    correction:
      verdict.correction && place !== undefined
        ? {
            eventId: verdict.correction.eventId,
            textKey: await textKey(verdict.correction.text),
          }
        : null,
  };
}

function factsOf(row: InteractionRow) {
  return {
    status: row.status,
    query: row.query,
    response: row.response,
    completionTokens: row.completionTokens,
    promptVersion: row.promptVersion,
    historyTurns: row.historyTurns,
    trainingOptOut: row.trainingOptOut,
    retrievalPossible: row.retrievalPossible,
    sourceTexts: (sourcesSchema.safeParse(row.sources).data ?? []).map(
      (source) => `${source.title} ${source.text ?? ''}`,
    ),
  };
}

type EventRow = Awaited<ReturnType<typeof feedbackOf>>[number];

/** One standing vote: a bounded one takes those that it replaced along, or they would stand in. */
const voteKey = (vote: { interactionId: string; visitorId: string; type: string }) =>
  JSON.stringify([vote.interactionId, vote.visitorId, voteKind(vote.type)]);

/** What was known when the window closed: later votes and reviews count in the next dataset. */
function evidenceOf(
  events: readonly EventRow[],
  { end, bounded }: { end: Date; bounded: ReadonlySet<string> },
): Evidence[] {
  return events
    .filter((event) => event.receivedAt < end)
    .map((event) => ({
      eventId: event.id,
      source: event.source,
      type: evidenceType(event.feedbackType),
      value: event.feedbackValue,
      atMs: event.at.getTime(),
      receivedMs: event.receivedAt.getTime(),
      metadata: event.metadata,
      correctedResponse: event.correctedResponse,
      reviewStatus:
        event.reviewedAt !== null && event.reviewedAt >= end ? 'pending' : event.reviewStatus,
      bounded: bounded.has(voteKey({ ...event, type: event.feedbackType })),
    }));
}
