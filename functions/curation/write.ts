// The dataset's files: JSON lines by split, each with its hash, and a manifest that says what is in
// them and where every example came from. Text is fetched again here, in batches, by reference.

import type { ObjectStore } from '../../adapters/object-store/index.ts';
import { sha256 } from '../../adapters/object-store/index.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import { type CurationWindow, parseWeekId } from '../../core/calendar.ts';
import { withSources } from '../../core/system-prompt.ts';
import { topicOf } from '../../core/topics.ts';
import { sourcesSchema } from '../../core/wire/shared.ts';
import type { Member, PairRef } from './assemble.ts';
import type { HeldOut } from './held-out.ts';
import { type Complete, standing } from './standing.ts';
import { type AnswerTexts, fetchTexts, type Texts } from './texts.ts';

export interface DatasetFile {
  /** Path in the agent's dataset folder. */
  path: string;
  key: string;
  sha256: string;
  bytes: number;
  lines: number;
}

export interface WrittenDataset {
  files: DatasetFile[];
  manifestSha256: string;
  /** What of the plan is in them: all whose words were still there. */
  assembly: Complete;
}

const SFT_FILES = {
  train: 'train.jsonl',
  validation_phrasings: 'validation-phrasings.jsonl',
  test_phrasings: 'test-phrasings.jsonl',
  validation_groups: 'validation-groups.jsonl',
  test_groups: 'test-groups.jsonl',
} as const;

const PAIR_SIDES = ['train', 'validation', 'test'] as const;

/** Every object that a dataset is first written to. */
export function datasetKeys(id: string): string[] {
  const folder = datasetFolder(id);
  return [
    ...[...Object.values(SFT_FILES), 'manifest.json'].map(
      (name) => `training-data/${folder}/${name}`,
    ),
    ...PAIR_SIDES.map((side) => `rlhf-data/${folder}/${side}.jsonl`),
    `rlhf-data/${folder}/manifest.json`,
  ];
}

/** Under `training-data/` and `rlhf-data/`. */
export function datasetFolder(id: string): string {
  const { year, week } = parseWeekId(id);
  return `${year}/week-${String(week).padStart(2, '0')}`;
}

export async function writeDataset(
  db: Database,
  store: ObjectStore,
  window: CurationWindow,
  planned: Complete,
): Promise<WrittenDataset> {
  const { week } = parseWeekId(window.id);
  const folder = datasetFolder(window.id);
  const texts = await fetchTexts(db, planned);
  const assembly = standing(planned, texts);
  const files: DatasetFile[] = [];
  const save = async (path: string, key: string, lines: readonly string[]) => {
    const stored = await store.put(
      key,
      lines.map((line) => `${line}\n`).join(''),
      'application/jsonl',
    );
    files.push({ path, key, ...stored, lines: lines.length });
  };
  for (const [split, name] of Object.entries(SFT_FILES)) {
    const lines = split.endsWith('_phrasings')
      ? assembly.heldOut.filter((one) => one.split === split).map((one) => heldOutLine(one, texts))
      : assembly.members
          .filter((member) => member.split === split)
          .map((member) => sftLine(member, texts));
    await save(
      `sft/${name}`,
      `training-data/${folder}/${name}`,
      lines.filter((line) => line !== undefined),
    );
  }
  for (const side of PAIR_SIDES) {
    const pairs = assembly.pairs.filter((pair) => pair.split === side);
    await save(
      `pairs/${side}.jsonl`,
      `rlhf-data/${folder}/${side}.jsonl`,
      pairs.flatMap((pair) => pairLine(pair, texts, window, week) ?? []),
    );
  }
  const manifestSha256 = await writeManifests(store, window, folder, files, assembly);
  return { files, manifestSha256, assembly };
}

async function writeManifests(
  store: ObjectStore,
  window: CurationWindow,
  folder: string,
  files: readonly DatasetFile[],
  assembly: Complete,
): Promise<string> {
  const shared = {
    version: 1,
    dataset: window.id,
    window: {
      start: new Date(window.startMs).toISOString(),
      end: new Date(window.endMs).toISOString(),
    },
    counts: assembly.counts,
  };
  const listed = (prefix: string) =>
    files
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, sha256: hash, bytes, lines }) => ({ path, sha256: hash, bytes, lines }));
  const manifest = JSON.stringify(
    {
      ...shared,
      files: listed(''),
      members: assembly.members.map((member) => ({
        interaction_id: member.interactionId,
        phrasing_id: member.phrasingId,
        source: member.source,
        split: member.split,
        feedback_event_id: member.feedbackEventId,
        replayed_from: member.replayedFrom,
      })),
      held_out: assembly.heldOut.map(({ phrasing, split, taught }) => ({
        phrasing_id: phrasing.id,
        split,
        answer_of: taught.interactionId,
      })),
    },
    null,
    1,
  );
  await store.put(`training-data/${folder}/manifest.json`, manifest, 'application/json');
  await store.put(
    `rlhf-data/${folder}/manifest.json`,
    JSON.stringify({ ...shared, files: listed('pairs/'), pairs: assembly.pairs }, null, 1),
    'application/json',
  );
  return sha256(new TextEncoder().encode(manifest));
}

/** As the answer was asked for, under the settings of then. */
function promptOf({ row, prompt }: Pick<AnswerTexts, 'row' | 'prompt'>, question: string) {
  return [
    { role: 'system', content: withSources(prompt, sourcesSchema.parse(row.sources)) },
    { role: 'user', content: question },
  ];
}

function sftLine(member: Member, texts: Texts): string | undefined {
  const row = texts.get(member.interactionId)?.row;
  if (row === undefined) return undefined;
  return exampleLine(`${member.source}-${member.interactionId}`, row.query, member, texts);
}

function heldOutLine({ phrasing, taught }: HeldOut, texts: Texts): string | undefined {
  const asked = { ...taught, phrasingId: phrasing.id, repeats: 1 };
  return exampleLine(`held-out-${phrasing.id}`, phrasing.text, asked, texts);
}

/** `member`'s answer to `question`; undefined where its text is gone. */
function exampleLine(
  id: string,
  question: string,
  member: Member,
  texts: Texts,
): string | undefined {
  const found = texts.get(member.interactionId);
  if (found === undefined) return undefined;
  const { row, corrections } = found;
  const correction =
    member.feedbackEventId === null ? undefined : corrections.get(member.feedbackEventId);
  if (member.source === 'correction' && correction === undefined) return undefined;
  return JSON.stringify({
    id,
    prompt: promptOf(found, question),
    completion: (correction?.text ?? row.response).trim(),
    repeats: member.repeats,
    metadata: {
      interaction_id: member.interactionId,
      source: member.source,
      replayed_from: member.replayedFrom,
      quality_score: Math.max(0, Math.min(1, member.qualityRaw)),
      topic: topicOf(question),
      model_version: row.modelServed,
      group_id: member.groupId,
      phrasing_id: member.phrasingId,
      ...(correction && correction.keyFacts.length > 0 ? { key_facts: correction.keyFacts } : {}),
    },
  });
}

function pairLine(
  pair: PairRef,
  texts: Texts,
  window: CurationWindow,
  week: number,
): string | undefined {
  const chosen = texts.get(pair.chosenInteractionId);
  const rejected = texts.get(pair.rejectedInteractionId);
  const correction =
    pair.correctionEventId === null ? undefined : chosen?.corrections.get(pair.correctionEventId);
  if (!chosen || !rejected || (pair.correctionEventId !== null && !correction)) return undefined;
  const context = sourcesSchema
    .parse(chosen.row.sources)
    .map((source) => source.text ?? source.title);
  return JSON.stringify({
    pair_id: pair.pairId,
    messages: promptOf(chosen, chosen.row.query),
    prompt: chosen.row.query,
    context: context.length === 0 ? null : context.join('\n'),
    response_chosen: { text: (correction?.text ?? chosen.row.response).trim() },
    response_rejected: { text: rejected.row.response.trim() },
    margin: pair.margin,
    source: pair.source,
    confidence: pair.confidence,
    weight: pair.weight,
    topic: topicOf(chosen.row.query),
    ...(correction?.type ? { correction_type: correction.type } : {}),
    created_at: new Date(window.endMs).toISOString(),
    week,
  });
}
