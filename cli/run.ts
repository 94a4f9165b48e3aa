/**
 * One run of `bruno`: parse, do, print, exit code. Called by `main.ts` and by tests.
 * It is the only place that writes results and errors, and neutralises everything on its way out.
 */
import { type Parsed, parseArguments, wantsJson } from './arguments.ts';
import { createClient } from './client.ts';
import type { CommandName } from './command-table.ts';
import { listBounds } from './commands/bounds.ts';
import { chatWithBoth, listAnswers } from './commands/compare.ts';
import { curateDataset, listDatasets, showDataset } from './commands/dataset.ts';
import { listDeadLetters, replayDeadLetters } from './commands/deadletter.ts';
import { doctor } from './commands/doctor.ts';
import { eraseVisitor, listErasures } from './commands/erase.ts';
import { analyzeFile } from './commands/experiment.ts';
import { historyAt, listHistory, showHistory, verifyHistory } from './commands/history.ts';
import { showHoldout } from './commands/holdout.ts';
import { cancelJob, createJob, listJobs, showJob } from './commands/job.ts';
import { measureJudge, showJudge } from './commands/judge.ts';
import { createKey, listKeys, revokeKey } from './commands/key.ts';
import { showLineage } from './commands/lineage.ts';
import { listModels, pruneModels, showModel } from './commands/model.ts';
import { listNotifications, testChannels } from './commands/notify.ts';
import { acceptReviews, listReviews, rejectReviews } from './commands/review.ts';
import {
  commandExperiment,
  listExperiments,
  planExperiment,
  showExperiment,
  startExperiment,
} from './commands/rollout.ts';
import { promote, rollBack, setShare, showRoute, startRoute } from './commands/route.ts';
import { listSettings, makeSettings, showSettings } from './commands/settings.ts';
import { showStatus } from './commands/status.ts';
import { endWeek } from './commands/week.ts';
import { type Failure, messageOf, OperationError, UsageError } from './errors.ts';
import { helpPage } from './help.ts';
import type { Io } from './io.ts';
import type { Command, Outcome } from './outcome.ts';
import { createProgress, silent } from './progress.ts';
import { neutralise, oneLine, safeJson } from './safe-text.ts';
import { resolveSettings } from './settings.ts';

const HANDLERS: Readonly<Record<CommandName, Command>> = {
  status: showStatus,
  doctor,
  'week end': endWeek,
  'dataset curate': curateDataset,
  'dataset list': listDatasets,
  'dataset show': showDataset,
  'job create': createJob,
  'job list': listJobs,
  'job show': showJob,
  'job cancel': cancelJob,
  'review list': listReviews,
  'review accept': acceptReviews,
  'review reject': rejectReviews,
  'deadletter list': listDeadLetters,
  'deadletter replay': replayDeadLetters,
  'bounds list': listBounds,
  'model list': listModels,
  'model show': showModel,
  'model prune': pruneModels,
  'route show': showRoute,
  'route start': startRoute,
  'route share': setShare,
  'route promote': promote,
  'route rollback': rollBack,
  'key create': createKey,
  'key list': listKeys,
  'key revoke': revokeKey,
  'experiment plan': planExperiment,
  'experiment start': startExperiment,
  'experiment list': listExperiments,
  'experiment show': showExperiment,
  'experiment answers': listAnswers,
  'experiment chat': chatWithBoth,
  'experiment approve': commandExperiment('approve'),
  'experiment reject': commandExperiment('reject'),
  'experiment pause': commandExperiment('pause'),
  'experiment resume': commandExperiment('resume'),
  'experiment stop': commandExperiment('stop'),
  'experiment rollback': commandExperiment('rollback'),
  'experiment analyze': analyzeFile,
  'settings create': makeSettings,
  'settings list': listSettings,
  'settings show': showSettings,
  'holdout show': showHoldout,
  'judge show': showJudge,
  'judge measure': measureJudge,
  'history list': listHistory,
  'history show': showHistory,
  'history at': historyAt,
  'history verify': verifyHistory,
  'notify list': listNotifications,
  'notify test': testChannels,
  erase: eraseVisitor,
  'erase list': listErasures,
  'lineage show': showLineage,
};

/** Runs one command line and returns its exit code: 0, 1 or 2. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const asJson = wantsJson(argv);
  try {
    const parsed = parseArguments(argv);
    if (parsed.kind === 'help') {
      const page = helpPage(parsed.words);
      io.writeOut(asJson ? `${safeJson({ help: page })}\n` : `${page}\n`);
      return 0;
    }
    const outcome = await perform(parsed, io, asJson);
    io.writeOut(asJson ? `${safeJson(outcome.document)}\n` : `${neutralise(outcome.text)}\n`);
    if (outcome.failure === undefined) return 0;
    writeFailure(outcome.failure, io, asJson);
    return 1;
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      writeFailure({ code: thrown.code, message: thrown.message }, io, asJson);
      return 2;
    }
    writeFailure(failureOf(thrown), io, asJson);
    return 1;
  }
}

async function perform(
  parsed: Extract<Parsed, { kind: 'command' }>,
  io: Io,
  asJson: boolean,
): Promise<Outcome> {
  const settings = resolveSettings(parsed.options, io);
  const client = createClient({ ...settings, sleep: io.sleep });
  const progress = asJson ? silent : createProgress(io);
  const { args, options } = parsed;
  try {
    return await HANDLERS[parsed.name]({ args, options, settings, client, io, progress });
  } finally {
    progress.end();
  }
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof OperationError) return thrown.failure;
  return { code: 'internal', message: `bruno itself failed: ${messageOf(thrown)}` };
}

function writeFailure(failure: Failure, io: Io, asJson: boolean): void {
  const sentence = oneLine(failure.message).replace(/\.$/, '');
  io.writeError(asJson ? `${safeJson({ error: failure })}\n` : `${sentence}.\n`);
}
