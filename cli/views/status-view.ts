/**
 * The loop on one page: live models, feedback, what waits, health. Called by `bruno status`. Pure.
 */
import { healthText, isWell } from '../health.ts';
import { facts, instant, number, page, section } from '../layout.ts';
import { oneLine } from '../safe-text.ts';
import type { Status } from '../schemas.ts';
import { progressText } from './job-view.ts';
import { liveFacts } from './route-view.ts';

export function statusPage(status: Status, url: string): string {
  const { counts, dataset, job, health } = status;
  const votes = `${number(counts.thumbs_up)} up, ${number(counts.thumbs_down)} down, ${number(counts.ratings)} ratings`;
  const bands = Object.entries(counts.quality ?? {}).map(([band, n]) => `${number(n)} ${band}`);
  return page(
    oneLine(`Bruno at ${url}, ${instant(status.now)}, week ${status.week}`),
    section('Live', liveFacts(status.live)),
    section(
      counts.since ? `Since ${instant(counts.since)}` : 'So far',
      facts([
        ['answers', counts.interactions],
        ['explicit feedback', counts.explicit],
        ['votes', votes],
        ['corrections', counts.corrections],
        ['signals', counts.signals],
        ['quality', bands.join(', ')],
      ]),
    ),
    section(
      'Learning',
      facts([
        ['waiting for review', pendingText(status.reviews_pending)],
        ['newest dataset', dataset ? `${dataset.id}, ${dataset.status}` : 'none'],
        ['newest job', job ? `${job.id}, ${job.status}, ${progressText(job)}` : 'none'],
        ['models', stagesText(status)],
      ]),
    ),
    section(
      'Health',
      facts([
        ['database', partText(health.database)],
        ['object store', partText(health.object_store)],
        ['model server', partText(health.model_server)],
        ['agent seen', health.agent_seen_at ? instant(health.agent_seen_at) : 'never'],
      ]),
    ),
  );
}

function pendingText(pending: number): string {
  return pending === 0 ? 'nothing' : `${number(pending)} (bruno review list)`;
}

function partText(health: Status['health']['database']): string {
  if (health === undefined) return 'not said';
  return isWell(health) ? 'well' : `ill (${healthText(health)})`;
}

function stagesText(status: Status): string {
  const stages = new Map<string, number>();
  for (const { stage } of status.models) stages.set(stage, (stages.get(stage) ?? 0) + 1);
  return [...stages].map(([stage, n]) => `${number(n)} ${stage}`).join(', ');
}
