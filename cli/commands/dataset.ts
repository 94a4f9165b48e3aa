/**
 * `bruno dataset curate|list|show`: makes and reads weekly datasets.
 * Curating runs on the server; this only starts it and, with --wait, watches it.
 */
import { segment } from '../client.ts';
import { OperationError } from '../errors.ts';
import { facts, section } from '../layout.ts';
import { parseId, parseWeek } from '../option-values.ts';
import { argument, type Command, type CommandCall, type Outcome, textOption } from '../outcome.ts';
import { poll, waitLimitSeconds } from '../progress.ts';
import {
  CURATION_ENDS,
  curation,
  curationStarted,
  type Dataset,
  dataset,
  datasets,
} from '../schemas.ts';
import { datasetList, datasetPage } from '../views/dataset-view.ts';
import { reasonText } from '../views/job-view.ts';

export const listDatasets: Command = async ({ client }) => {
  const found = await client.get('/admin/datasets', datasets);
  return { document: { datasets: found }, text: datasetList(found) };
};

export const showDataset: Command = async (call) => {
  const found = await readDataset(call, parseId(argument(call, 0), 'ID'));
  return { document: found, text: datasetPage(found) };
};

export const curateDataset: Command = async (call) => {
  const week = textOption(call.options, 'week');
  const body = week === undefined ? {} : { week: parseWeek(week) };
  waitLimitSeconds(textOption(call.options, 'wait-limit'));
  const request = { path: '/admin/datasets', body, repeatable: false };
  const started = await call.client.post(request, curationStarted);
  if (call.options.has('wait')) return waitFor(call, started.run_id, started.dataset_id);
  const heading = started.existed
    ? 'The week has its dataset already; nothing is curated again'
    : 'Curation started';
  const text = section(
    heading,
    facts([
      ['run', started.run_id],
      ['dataset', started.dataset_id],
    ]),
  );
  return { document: started, text };
};

async function waitFor(call: CommandCall, runId: string, datasetId: string): Promise<Outcome> {
  const { reading, inTime } = await poll({
    io: call.io,
    limit: textOption(call.options, 'wait-limit'),
    read: () => call.client.get(`/admin/curations/${segment(runId)}`, curation),
    isDone: ({ status }) => CURATION_ENDS.some((end) => end === status),
    onReading: ({ status }) => call.progress.show(`curation ${runId}  ${status}`, status),
  });
  if (!inTime) {
    throw new OperationError({
      code: 'wait_limit',
      message: `Curation ${runId} is still ${reading.status} after --wait-limit; it goes on without us`,
    });
  }
  if (reading.status !== 'complete') {
    throw new OperationError({
      code: 'curation_failed',
      message: `Curation ${runId} ${reading.status}: ${reasonText(reading.error)}`,
    });
  }
  const made = await readDataset(call, datasetId);
  return { document: made, text: datasetPage(made) };
}

function readDataset(call: CommandCall, id: string): Promise<Dataset> {
  return call.client.get(`/admin/datasets/${segment(id)}`, dataset);
}
