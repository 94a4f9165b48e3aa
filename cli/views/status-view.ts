/**
 * The loop on one page: live models, feedback, what waits, health. Called by `bruno status`. Pure.
 */
import { facts, instant, number, page, section } from '../layout.ts';
import { oneLine } from '../safe-text.ts';
import type { Status } from '../schemas.ts';
import { progressText } from './job-view.ts';
import { liveFacts } from './route-view.ts';

export function statusPage(status: Status, url: string): string {
  const { counts, last_week: last, dataset, job, health } = status;
  return page(
    oneLine(`Bruno at ${url}, ${instant(status.now)}, week ${status.week}`),
    section('Live', liveFacts(status.live)),
    section(
      `Since ${instant(counts.since)}`,
      facts([
        ['answers', counts.interactions],
        ['explicit feedback', counts.explicit],
        ['votes', votesText(counts)],
        ['corrections', counts.corrections],
        ['signals', counts.signals],
        ['last week', lastWeekText(last)],
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
        ['routing', partText(health.routing)],
        ['object store', partText(health.object_store)],
        ['model server', partText(health.model_server)],
        ['models ready', status.gateway?.models_ready.join(', ')],
        ['load', loadText(status.gateway?.load)],
        ['agent seen', health.agent_seen_at ? instant(health.agent_seen_at) : 'never'],
        ['dead letters', lettersText(status.dead_letters_waiting)],
        ['notifications', notificationsText(status.notifications)],
      ]),
    ),
  );
}

function loadText(load: NonNullable<Status['gateway']>['load'] | undefined): string | null {
  if (!load) return null;
  const { running, waiting, most_running, most_waiting } = load;
  return `${number(running)} of ${number(most_running)} running, ${number(waiting)} of ${number(most_waiting)} waiting`;
}

function pendingText(pending: number): string {
  return pending === 0 ? 'nothing' : `${number(pending)} (bruno review list)`;
}

function lettersText(waiting: number): string {
  return waiting === 0 ? 'none' : `${number(waiting)} (bruno deadletter list)`;
}

function votesText(counts: Status['counts']): string {
  return `${number(counts.thumbs_up)} up, ${number(counts.thumbs_down)} down, ${number(counts.ratings)} ratings`;
}

function lastWeekText(last: Status['last_week']): string {
  if (last.interactions === 0) return `${last.week}: no answers`;
  return `${last.week}: ${number(last.interactions)} answers, ${votesText({ ...last })}, ${number(last.corrections)} corrections`;
}

function notificationsText(told: Status['notifications']): string {
  if (told === null || told === undefined) return 'not known';
  const channels = told.channels.map(({ name, state }) => `${name} ${state}`).join(', ');
  const failed =
    told.failed === 0 ? '' : `; ${number(told.failed)} failed (bruno notify list --state failed)`;
  return `${channels}${failed}`;
}

function partText(isWell: boolean): string {
  return isWell ? 'well' : 'ill';
}

function stagesText(status: Status): string {
  const stages = new Map<string, number>();
  for (const { stage } of status.models) stages.set(stage, (stages.get(stage) ?? 0) + 1);
  return [...stages].map(([stage, n]) => `${number(n)} ${stage}`).join(', ');
}
