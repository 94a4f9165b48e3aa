// The weekly dataset as a durable Workflow: page by page, each step retried on its own, every write
// safe to repeat. Started by cron on Sunday 02:00 UTC, by an operator, or by the sweeper. A window
// that already has its dataset is left as it is.

import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from 'cloudflare:workers';
import { NonRetryableError } from 'cloudflare:workflows';
import { z } from 'zod';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { closeDataset, findDataset, openDataset } from '../../adapters/postgres/datasets.ts';
import { heldOutPhrasings } from '../../adapters/postgres/questions.ts';
import type { CurationWindow } from '../../core/calendar.ts';
import { databaseOf, type Env, gatewayOf, learningOf, now } from '../../workers/env.ts';
import { objectStoreOf } from '../../workers/object-store.ts';
import { createTrainingJob } from '../registry/jobs.ts';
import { assemble, type Candidate } from './assemble.ts';
import { collectPage, PAGE_SIZE, type Page } from './collect.ts';
import { collectEarlier } from './earlier.ts';
import { taughtGroups, withHeldOut } from './held-out.ts';
import { writeDataset } from './write.ts';

export const curationParams = z.object({
  week: z.string(),
  windowStart: z.number(),
  windowEnd: z.number(),
});
export type CurationParams = z.infer<typeof curationParams>;

const MAX_PAGES = 400;

export class CurationWorkflow extends WorkflowEntrypoint<Env, CurationParams> {
  override async run(event: Readonly<WorkflowEvent<CurationParams>>, step: WorkflowStep) {
    const params = curationParams.parse(event.payload);
    const window: CurationWindow = {
      id: params.week,
      startMs: params.windowStart,
      endMs: params.windowEnd,
    };
    const opened = await step.do('open', () => this.open(window));
    if (opened !== 'curating') return { dataset_id: window.id, status: opened, created: false };

    const candidates: Candidate[] = [];
    let afterId: string | null = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const from: string | null = afterId;
      const collected: Page = await step.do(`page ${page}`, () => this.collect(window, from));
      candidates.push(...collected.candidates);
      afterId = collected.next;
      if (afterId === null) break;
    }
    if (afterId !== null) {
      throw new NonRetryableError(`${window.id} holds more than ${MAX_PAGES * PAGE_SIZE} answers`);
    }
    const status = await step.do('write', () => this.write(window, candidates));
    const job = await step.do('job', () => this.job(window, status));
    return { dataset_id: window.id, status, created: true, job_id: job };
  }

  private async open(window: CurationWindow): Promise<string> {
    const row = await withDatabase(databaseOf(this.env), (db) =>
      openDataset(db, {
        id: window.id,
        windowStart: new Date(window.startMs),
        windowEnd: new Date(window.endMs),
        createdAt: new Date(now(this.env)),
      }),
    );
    return row.status;
  }

  private collect(window: CurationWindow, afterId: string | null): Promise<Page> {
    return withDatabase(databaseOf(this.env), (db) =>
      collectPage(db, {
        window: { start: new Date(window.startMs), end: new Date(window.endMs) },
        afterId,
        config: learningOf(this.env),
        modelServer: gatewayOf(this.env),
      }),
    );
  }

  private async write(window: CurationWindow, candidates: readonly Candidate[]): Promise<string> {
    const config = learningOf(this.env).curation;
    return withDatabase(databaseOf(this.env), async (db) => {
      // A run that comes late must not write over the files of a dataset that is complete.
      const found = await findDataset(db, window.id);
      if (found !== undefined && found.status !== 'curating') return found.status;
      const earlier = await collectEarlier(db, window);
      const assembled = assemble(window.id, candidates, earlier, config);
      const groups = [...taughtGroups(assembled.members).keys()];
      const phrasings = await heldOutPhrasings(db, groups);
      const planned = withHeldOut(assembled, phrasings, config.max_one_shot_share);
      const written = await writeDataset(db, objectStoreOf(this.env), window, planned);
      const { assembly } = written;
      const large = assembly.counts.interactions >= config.min_interactions;
      const status = large && assembly.counts.train > 0 ? 'ready' : 'too_small';
      const members = assembly.members.map((member) => ({
        datasetId: window.id,
        interactionId: member.interactionId,
        phrasingId: member.phrasingId,
        source: member.source,
        feedbackEventId: member.feedbackEventId,
        split: member.split,
        qualityRaw: member.qualityRaw,
        replayedFrom: member.replayedFrom,
      }));
      const pairs = assembly.pairs.map((pair) => ({
        datasetId: window.id,
        id: pair.pairId,
        chosenInteractionId: pair.chosenInteractionId,
        rejectedInteractionId: pair.rejectedInteractionId,
        source: pair.source,
        margin: pair.margin,
        split: pair.split,
      }));
      await db.transaction((tx) =>
        closeDataset(
          tx,
          window.id,
          members,
          pairs,
          {
            status,
            counts: assembly.counts,
            files: written.files,
            manifestSha256: written.manifestSha256,
          },
          assembly.heldOut.map(({ phrasing }) => phrasing.id),
        ),
      );
      return (await findDataset(db, window.id))?.status ?? status;
    });
  }

  private async job(window: CurationWindow, status: string): Promise<string | null> {
    if (status !== 'ready' || !learningOf(this.env).automation.auto_finetune) return null;
    return withDatabase(databaseOf(this.env), async (db) => {
      const job = await createTrainingJob(db, this.env, { datasetId: window.id, again: false });
      return job.id;
    });
  }
}
