// Which group a question belongs to, kept for ever from first sight. A question unseen so far joins
// the group of its nearest phrasing when similar enough, else starts a group of its own; its split
// is drawn then and never again, also when its words are forgotten and it is asked again. Embeddings
// come from the agent.

import { embed, type ModelServerConfig } from '../../adapters/model-server/index.ts';
import { sha256 } from '../../adapters/object-store/index.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import {
  countGroups,
  countInGroup,
  findPhrasings,
  insertGroup,
  insertPhrasing,
  nearestPhrasing,
  restorePhrasing,
} from '../../adapters/postgres/questions.ts';
import { groupSplit, phrasingSplit, type Split, splitOf } from '../../core/split.ts';
import { topicOf } from '../../core/topics.ts';

const EMBEDDING_MODEL = 'all-minilm-l6-v2';
const EMBED_BATCH = 32;
const SALT = 'questions-v1';

export interface Placed {
  phrasingId: string;
  groupId: string;
  split: Split;
}

/** Case, spacing and closing punctuation do not make another phrasing. */
export function normaliseQuestion(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .replace(/[\s?!.]+$/u, '');
}

export async function phrasingId(text: string): Promise<string> {
  const digest = await sha256(new TextEncoder().encode(normaliseQuestion(text)));
  return `q-${digest.slice(0, 24)}`;
}

interface PlaceOptions {
  modelServer: ModelServerConfig;
  similarityThreshold: number;
  at: Date;
}

/** Places every text, in the order given; returns them by text. */
export async function placeQuestions(
  db: Database,
  texts: readonly string[],
  options: PlaceOptions,
): Promise<Map<string, Placed>> {
  const ids = new Map<string, string>();
  for (const text of texts) ids.set(text, await phrasingId(text));
  const kept = (await findPhrasings(db, [...new Set(ids.values())])).filter(
    ({ text }) => text !== null,
  );
  const known = new Set(kept.map((row) => row.id));
  const fresh = new Map<string, string>();
  for (const [text, id] of ids) if (!known.has(id) && !fresh.has(id)) fresh.set(id, text);
  const entries = [...fresh];
  for (let start = 0; start < entries.length; start += EMBED_BATCH) {
    const batch = entries.slice(start, start + EMBED_BATCH);
    const vectors = await embed(
      options.modelServer,
      EMBEDDING_MODEL,
      batch.map(([, text]) => text),
    );
    for (const [index, [id, text]] of batch.entries()) {
      await place(db, { id, text, embedding: vectors[index] ?? [] }, options);
    }
  }
  const placed = new Map<string, Placed>();
  for (const row of await findPhrasings(db, [...new Set(ids.values())])) {
    placed.set(row.id, {
      phrasingId: row.id,
      groupId: row.groupId,
      split: splitOf(row.groupSplit, row.split),
    });
  }
  return new Map(
    [...ids].flatMap(([text, id]) => {
      const found = placed.get(id);
      return found === undefined ? [] : [[text, found]];
    }),
  );
}

async function place(
  db: Database,
  question: { id: string; text: string; embedding: number[] },
  options: PlaceOptions,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (await restorePhrasing(tx, question)) return;
    const nearest = await nearestPhrasing(tx, question.embedding);
    const similar = nearest !== undefined && nearest.similarity >= options.similarityThreshold;
    const groupId = similar ? nearest.groupId : `g-${question.id.slice(2)}`;
    if (!similar) {
      await insertGroup(tx, {
        id: groupId,
        topic: topicOf(question.text),
        split: groupSplit(await countGroups(tx), SALT),
        firstSeenAt: options.at,
      });
    }
    const ordinalInGroup = await countInGroup(tx, groupId);
    await insertPhrasing(tx, {
      id: question.id,
      groupId,
      text: question.text,
      embedding: question.embedding,
      ordinalInGroup,
      split: phrasingSplit(question.id, ordinalInGroup, SALT),
      firstSeenAt: options.at,
    });
  });
}
