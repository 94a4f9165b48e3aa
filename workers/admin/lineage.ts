// From an answer to its model, that model's dataset and the feedback in it; and back. The id may be
// an answer's, a feedback event's, a model's or a dataset's.

import { findSettings } from '../../adapters/postgres/answer-settings.ts';
import { feedbackOf, findFeedback, findInteraction } from '../../adapters/postgres/answers.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import {
  feedbackBefore,
  findDataset,
  membersOf,
  pairsOf,
  sizeOfDataset,
  usesOfAnswer,
} from '../../adapters/postgres/datasets.ts';
import {
  findModel,
  findRouting,
  modelsOfDatasets,
  routingOfModel,
} from '../../adapters/postgres/models.ts';
import { AppError } from '../../core/errors.ts';
import { isUuid } from '../../core/ids.ts';
import type { RoutingTable } from '../../core/routing.ts';
import { settingsView } from './settings.ts';
import { modelContext } from './status.ts';
import {
  answerView,
  datasetView,
  feedbackViews,
  memberView,
  modelView,
  pairView,
  routingView,
  useView,
} from './views.ts';

const MAX_LISTED = 500;

export async function lineage(db: Database, id: string, table: RoutingTable) {
  if (isUuid(id)) {
    const answer = await findInteraction(db, id);
    if (answer) return { kind: 'answer', ...(await answerLineage(db, id, table)) };
    const event = await findFeedback(db, id);
    if (event) {
      const about = await answerLineage(db, event.interactionId, table);
      return { kind: 'feedback', event_id: id, ...about };
    }
  }
  if (await findModel(db, id)) return modelLineage(db, id, table);
  if (await findDataset(db, id)) return datasetLineage(db, id);
  throw new AppError(
    'not_found',
    `Nothing has the id ${id}: expected an answer, a feedback event, a model or a dataset.`,
  );
}

/** The answer is null while only feedback on it has been delivered. */
async function answerLineage(db: Database, id: string, table: RoutingTable) {
  const answer = await findInteraction(db, id);
  const events = await feedbackOf(db, [id]);
  const uses = await usesOfAnswer(db, id);
  const taught = [...new Set(uses.map((use) => use.datasetId))];
  const learned = await modelsOfDatasets(db, taught);
  const routing = answer && (await findRouting(db, answer.routingVersion));
  const settings = answer?.settingsId ? await findSettings(db, answer.settingsId) : undefined;
  return {
    answer: answer ? answerView(answer) : null,
    feedback: feedbackViews(events),
    routing: routing ? routingView(routing) : null,
    settings: settings ? settingsView(settings, table) : null,
    taught_in: taught,
    uses: uses.map(useView),
    learned_by: learned.map((model) => model.id),
    model: answer ? await modelLineage(db, answer.modelServed, table) : null,
  };
}

async function modelLineage(db: Database, id: string, table: RoutingTable) {
  const row = await findModel(db, id);
  const routing = await routingOfModel(db, id);
  return {
    kind: 'model',
    model: row ? modelView(row, await modelContext(db, table, [row])) : null,
    dataset: row?.datasetId ? await datasetLineage(db, row.datasetId) : null,
    routing: routing.map(routingView),
  };
}

async function datasetLineage(db: Database, id: string) {
  const dataset = await findDataset(db, id);
  if (!dataset) return null;
  const size = await sizeOfDataset(db, dataset);
  const members = await membersOf(db, id, MAX_LISTED);
  const pairs = await pairsOf(db, id, MAX_LISTED);
  const models = await modelsOfDatasets(db, [id]);
  const answers = [...new Set(members.map((member) => member.interactionId))];
  const events = await feedbackBefore(db, answers, dataset.windowEnd);
  const saidOf = Map.groupBy(events, (event) => event.interactionId);
  return {
    kind: 'dataset',
    dataset: datasetView(dataset),
    trained: models.map((model) => model.id),
    member_count: size.members,
    members: members.map((member) =>
      memberView(
        member,
        (saidOf.get(member.interactionId) ?? []).map((event) => event.id),
      ),
    ),
    pair_count: size.pairs,
    pairs: pairs.map(pairView),
    feedback_count: size.feedback,
    feedback: feedbackViews(events),
  };
}
