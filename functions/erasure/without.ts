// A dataset without what was erased: its lines, its manifests, its counts. Pure; what is left keeps its
// order and its bytes, so that a repeat comes to the same hashes.

import { z } from 'zod';
import type { Counts } from '../curation/assemble.ts';
import { countContents } from '../curation/standing.ts';

/** Ids of what is gone from the record. */
export interface Gone {
  answers: ReadonlySet<string>;
  phrasings: ReadonlySet<string>;
}

const exampleSchema = z.looseObject({
  id: z.string(),
  metadata: z.looseObject({ interaction_id: z.string(), phrasing_id: z.string() }),
});
const pairSchema = z.looseObject({ pair_id: z.string() });

/** An example is gone with its answer; a held-out question with its words too. */
export function isGoneExample(line: string, gone: Gone): boolean {
  const { id, metadata } = exampleSchema.parse(JSON.parse(line));
  return (
    gone.answers.has(metadata.interaction_id) ||
    (id.startsWith('held-out-') && gone.phrasings.has(metadata.phrasing_id))
  );
}

export const isGonePair = (line: string, pairs: ReadonlySet<string>): boolean =>
  pairs.has(pairSchema.parse(JSON.parse(line)).pair_id);

/** Lines of a file, each with its end; an unchanged file comes back as the same text. */
export function withoutLines(
  text: string,
  isGone: (line: string) => boolean,
): { text: string; lines: number; removed: number } {
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => !isGone(line));
  return {
    text: kept.length === lines.length ? text : kept.map((line) => `${line}\n`).join(''),
    lines: kept.length,
    removed: lines.length - kept.length,
  };
}

const memberSchema = z.looseObject({
  interaction_id: z.string(),
  source: z.enum(['praise', 'correction']),
  split: z.enum([
    'train',
    'validation_phrasings',
    'test_phrasings',
    'validation_groups',
    'test_groups',
  ]),
  replayed_from: z.string().nullable(),
});
const heldOutSchema = z.looseObject({
  phrasing_id: z.string(),
  split: z.enum(['validation_phrasings', 'test_phrasings']),
  answer_of: z.string(),
});
const countsSchema = z.record(z.string(), z.unknown());
export const manifestSchema = z.looseObject({
  counts: countsSchema,
  members: z.array(memberSchema).default([]),
  held_out: z.array(heldOutSchema).default([]),
});
export const pairManifestSchema = z.looseObject({
  counts: countsSchema,
  pairs: z
    .array(
      z.looseObject({
        pairId: z.string(),
        source: z.custom<keyof Counts['pairs_by_source']>((value) => typeof value === 'string'),
        chosenInteractionId: z.string(),
        rejectedInteractionId: z.string(),
      }),
    )
    .default([]),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type PairManifest = z.infer<typeof pairManifestSchema>;

export interface Remaining {
  members: Manifest['members'];
  heldOut: Manifest['held_out'];
  pairs: PairManifest['pairs'];
  /** Ids of the pairs that are gone. */
  gonePairs: Set<string>;
  /** How many of each are gone. */
  removed: { members: number; taught: number; heldOut: number; pairs: number };
  counts: Record<string, unknown>;
}

export function remaining(manifest: Manifest, pairs: PairManifest, gone: Gone): Remaining {
  const members = manifest.members.filter((one) => !gone.answers.has(one.interaction_id));
  const heldOut = manifest.held_out.filter(
    (one) => !gone.answers.has(one.answer_of) && !gone.phrasings.has(one.phrasing_id),
  );
  const left = pairs.pairs.filter(
    (pair) =>
      !gone.answers.has(pair.chosenInteractionId) && !gone.answers.has(pair.rejectedInteractionId),
  );
  const kept = new Set(left.map((pair) => pair.pairId));
  const taught = (list: Manifest['members']) => list.filter((one) => one.split === 'train').length;
  const removed = {
    members: manifest.members.length - members.length,
    taught: taught(manifest.members) - taught(members),
    heldOut: manifest.held_out.length - heldOut.length,
    pairs: pairs.pairs.length - left.length,
  };
  return {
    members,
    heldOut,
    pairs: left,
    gonePairs: new Set(pairs.pairs.map((pair) => pair.pairId).filter((id) => !kept.has(id))),
    removed,
    counts: {
      ...manifest.counts,
      ...countContents(
        members.map(({ split, source, replayed_from }) => ({
          split,
          source,
          replayedFrom: replayed_from,
        })),
        left,
        heldOut,
      ),
    },
  };
}

export const nothingGone = ({ removed }: Remaining): boolean =>
  Object.values(removed).every((count) => count === 0);
