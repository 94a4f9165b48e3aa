/**
 * Where something comes from, for people: one page a kind, from an answer to the model that gave it,
 * what that model learned from, and when it was live. Long lists are cut; --json has them all. Pure.
 */
import { type Cell, facts, instant, minute, number, page, section, table } from '../layout.ts';
import type {
  AnswerLineage,
  DatasetLineage,
  FeedbackEvent,
  Lineage,
  ModelLineage,
  RouteChange,
} from '../schemas.ts';
import { ggufTable, modelSection } from './model-view.ts';

const LISTED = 10;
const SAID_COLUMNS = 60;

export function lineagePage(found: Lineage): string {
  switch (found.kind) {
    case 'answer':
    case 'feedback':
      return answerPage(found);
    case 'model':
      return modelBlocks(found);
    case 'dataset':
      return datasetBlocks(found);
  }
}

function answerPage(found: AnswerLineage): string {
  const { answer } = found;
  const event = found.kind === 'feedback' ? found.event_id : null;
  return page(
    eventSection(found.feedback.find((one) => one.event_id === event)),
    answer === null
      ? 'The answer itself has not been recorded yet.'
      : section(
          `Answer ${answer.interaction_id}`,
          facts([
            ['asked', answer.query],
            ['answered', answer.response],
            ['when', instant(answer.created_at)],
            ['model', answer.model_served],
            ['settings', settingsText(found)],
            ['route', routeText(answer.routing_version, found.routing)],
            ['taught in', usesText(found)],
            ['learned by', found.learned_by.join(', ') || 'no model'],
          ]),
        ),
    section('What visitors said', eventTable(found.feedback, found.feedback.length)),
    found.model === null ? null : modelBlocks(found.model),
  );
}

function eventSection(event: FeedbackEvent | undefined): string | null {
  if (event === undefined) return null;
  const review: [string, Cell][] =
    event.corrected_response === null
      ? []
      : [
          ['corrected to', event.corrected_response],
          ['review', reviewText(event)],
        ];
  return section(
    `Feedback ${event.event_id}`,
    facts([
      ['what', event.feedback_type],
      ['value', event.feedback_value],
      ['when', instant(event.at)],
      ...review,
      ['on answer', event.interaction_id],
    ]),
  );
}

const settingsText = ({ settings }: AnswerLineage) =>
  settings ? `${settings.id} (${settings.name})` : 'the built-in ones';

/** Who made the route what it was, when and why. */
function routeText(version: number, change: RouteChange | null): string {
  if (change === null) return `version ${number(version)}, before any change`;
  const why = change.reason === '' ? '' : `, because: ${change.reason}`;
  const who = `${change.action} by ${change.who}, ${instant(change.at)}`;
  return `version ${number(version)}, ${who}: ${change.summary}${why}`;
}

function usesText({ uses }: AnswerLineage): string {
  if (uses.length === 0) return 'no dataset';
  return uses.map((use) => `${use.dataset_id} (${use.role}, ${use.split})`).join(', ');
}

function reviewText(event: FeedbackEvent): string {
  const by = event.reviewed_by === null ? '' : ` by ${event.reviewed_by}`;
  return `${event.review_status ?? 'none'}${by}`;
}

function modelBlocks({ model, dataset, routing }: ModelLineage): string {
  return page(
    model === null
      ? 'The model that answered is not in the registry.'
      : page(modelSection(model), ggufTable(model)),
    dataset === null ? null : datasetBlocks(dataset),
    section('Routing history', routingTable(routing)),
  );
}

function routingTable(changes: readonly RouteChange[]): string {
  const lines = table(
    [
      { title: 'version', right: true },
      { title: 'at (UTC)' },
      { title: 'who', max: 32 },
      { title: 'action' },
      { title: 'what', max: 72 },
      { title: 'why', max: 72 },
    ],
    changes
      .slice(0, LISTED)
      .map((one) => [one.version, minute(one.at), one.who, one.action, one.summary, one.reason]),
    'No change of the route has named it.',
  );
  return withRest(lines, changes.length);
}

function datasetBlocks(found: DatasetLineage): string {
  const { dataset } = found;
  return page(
    section(
      `Dataset ${dataset.id}`,
      facts([
        ['window', `${instant(dataset.window_start)} to ${instant(dataset.window_end)}`],
        ['status', dataset.status],
        ['answers', `${number(dataset.counts?.interactions)} in the window`],
        ['examples', examplesText(found)],
        ['preference pairs', found.pair_count],
        ['feedback in it', `${number(found.feedback_count)} events`],
        ['manifest', dataset.manifest_sha256],
        ['trained', found.trained.join(', ') || 'no model'],
      ]),
    ),
    section(`Feedback in ${dataset.id}`, eventTable(found.feedback, found.feedback_count)),
  );
}

function examplesText({ dataset, member_count: members }: DatasetLineage): string {
  const { train, corrections, replayed } = dataset.counts ?? {};
  return `${number(members)}: ${number(train)} to train on, ${number(corrections)} corrections, ${number(replayed)} replayed`;
}

/** What visitors said outright comes first: what they did without a word fills lists. */
function eventTable(events: readonly FeedbackEvent[], total: number): string {
  const saidFirst = events.toSorted(
    (a, b) => Number(a.source === 'implicit') - Number(b.source === 'implicit'),
  );
  const lines = table(
    [
      { title: 'at (UTC)' },
      { title: 'event', max: 36 },
      { title: 'what' },
      { title: 'value', right: true },
      { title: 'review' },
      { title: 'corrected to', max: SAID_COLUMNS },
    ],
    saidFirst
      .slice(0, LISTED)
      .map((event) => [
        minute(event.at),
        event.event_id,
        event.feedback_type,
        event.feedback_value,
        event.review_status,
        event.corrected_response,
      ]),
    'Nothing.',
  );
  return withRest(lines, total);
}

function withRest(lines: string, total: number): string {
  return total > LISTED ? `${lines}\n… ${number(total - LISTED)} more: --json` : lines;
}
