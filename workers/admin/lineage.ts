// From an answer to its model, that model's dataset and the feedback in it; and back. The id may be
// an answer's, a feedback event's, a model's or a dataset's.

import { feedbackOf, findFeedback, findInteraction } from '../../adapters/postgres/answers.ts';
import type { Database } from '../../adapters/postgres/connect.ts';
import { datasetsWith, findDataset, membersOf } from '../../adapters/postgres/datasets.ts';
import { findModel, findRouting, listModels, listRouting } from '../../adapters/postgres/models.ts';
import { AppError } from '../../core/errors.ts';
import { isUuid } from '../../core/ids.ts';
import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { modelsEverLive } from './status.ts';
import { datasetView, modelView } from './views.ts';

const MAX_LISTED = 500;

export async function lineage(db: Database, id: string, table: RoutingTable) {
  if (isUuid(id)) {
    const answer = await findInteraction(db, id);
    if (answer) return answerLineage(db, id, table);
    const event = await findFeedback(db, id);
    if (event) {
      return {
        ...(await answerLineage(db, event.interactionId, table)),
        kind: 'feedback',
        event_id: id,
      };
    }
  }
  if (await findModel(db, id)) return modelLineage(db, id, table);
  if (await findDataset(db, id)) return datasetLineage(db, id);
  throw new AppError(
    'not_found',
    `Nothing has the id ${id.slice(0, 100)}: expected an answer, a feedback event, a model or a dataset.`,
  );
}

async function answerLineage(db: Database, id: string, table: RoutingTable) {
  const answer = await findInteraction(db, id);
  const events = await feedbackOf(db, [id]);
  const taught = await datasetsWith(db, id);
  const models = (await listModels(db)).filter(
    (model) => model.datasetId !== null && taught.includes(model.datasetId),
  );
  return {
    kind: 'answer',
    answer: answer ?? null,
    feedback: events,
    routing: answer ? ((await findRouting(db, answer.routingVersion)) ?? null) : null,
    model: answer ? await modelLineage(db, answer.modelServed, table) : null,
    taught_in: taught,
    learned_by: models.map((model) => model.id),
  };
}

async function modelLineage(db: Database, id: string, table: RoutingTable) {
  const row = await findModel(db, id);
  if (!row) return { kind: 'model', model: null, dataset: null, routing: [] };
  const routing = (await listRouting(db)).filter((entry) => {
    const to = routingTableSchema.safeParse(entry.to).data;
    return to?.production === id || to?.experiment?.candidate === id;
  });
  return {
    kind: 'model',
    model: modelView(row, table, await modelsEverLive(db)),
    dataset: row.datasetId === null ? null : await datasetLineage(db, row.datasetId),
    routing,
  };
}

async function datasetLineage(db: Database, id: string) {
  const dataset = await findDataset(db, id);
  const members = await membersOf(db, id);
  const models = (await listModels(db)).filter((model) => model.datasetId === id);
  return {
    kind: 'dataset',
    dataset: dataset ? datasetView(dataset) : null,
    trained: models.map((model) => model.id),
    member_count: members.length,
    members: members.slice(0, MAX_LISTED).map((member) => ({
      interaction_id: member.interactionId,
      source: member.source,
      split: member.split,
      feedback_event_id: member.feedbackEventId,
      replayed_from: member.replayedFrom,
    })),
  };
}
