// How the record's rows look to operators: every name in snake_case, and nothing of a row that is
// not named here. The page, the command line and the tests read these shapes.

import type { feedbackOf, findInteraction, listReviews } from '../../adapters/postgres/answers.ts';
import type { ApiKeyRow } from '../../adapters/postgres/api-keys.ts';
import type {
  AnswerUse,
  DatasetRow,
  MemberRow,
  PairRow,
} from '../../adapters/postgres/datasets.ts';
import type { Erasure } from '../../adapters/postgres/erasures.ts';
import type { JobRow } from '../../adapters/postgres/jobs.ts';
import type { findRouting, ModelRow } from '../../adapters/postgres/models.ts';
import type { FlagRow } from '../../adapters/postgres/rewrites.ts';
import type { AnswerSettings } from '../../core/answer-settings.ts';
import { standingVotes } from '../../core/feedback-values.ts';
import { type RoutingTable, routingTableSchema } from '../../core/routing.ts';
import { keyFactsOf } from '../../functions/curation/key-facts.ts';
import { stageOf } from '../../functions/registry/models.ts';

type ReviewRow = Awaited<ReturnType<typeof listReviews>>[number];

export function datasetView(row: DatasetRow) {
  const counts: Record<string, unknown> = Object(row.counts);
  const { interactions, qualified } = counts;
  const rate =
    typeof interactions === 'number' && interactions > 0 && typeof qualified === 'number'
      ? qualified / interactions
      : null;
  return {
    id: row.id,
    week: row.id,
    window_start: row.windowStart,
    window_end: row.windowEnd,
    status: row.status,
    counts,
    quality_rate: rate,
    files: row.files,
    manifest_sha256: row.manifestSha256,
    revision: row.revision,
    created_at: row.createdAt,
  };
}

export function jobView(row: JobRow) {
  return {
    id: row.id,
    dataset_id: row.datasetId,
    model_id: row.modelId,
    base: row.base,
    parent: row.parent,
    status: row.status,
    attempt: row.attempt,
    max_attempts: row.maxAttempts,
    agent_id: row.agentId,
    lease_expires_at: row.leaseExpiresAt,
    cancel_requested: row.cancelRequested,
    progress: row.progress,
    losses: row.losses,
    verdict: row.verdict,
    error: row.error,
    created_at: row.createdAt,
    finished_at: row.finishedAt,
  };
}

/** What a model is seen beside: the route now, the route's history, its flags and its newest experiment. */
export interface ModelContext {
  table: RoutingTable;
  everLive: ReadonlySet<string>;
  flags: ReadonlyMap<string, readonly FlagRow[]>;
  tried: ReadonlyMap<string, { id: string; status: string; outcome: string | null }>;
}

export function modelView(row: ModelRow, { table, everLive, flags, tried }: ModelContext) {
  const rollout = tried.get(row.id);
  return {
    id: row.id,
    display: row.display,
    base: row.base,
    parent: row.parent,
    dataset_id: row.datasetId,
    job_id: row.jobId,
    stage: stageOf(row, table, everLive),
    tried:
      rollout === undefined
        ? null
        : { experiment_id: rollout.id, status: rollout.status, outcome: rollout.outcome },
    reason: row.reason,
    metrics: row.metrics,
    artifacts: row.artifacts,
    artifacts_pruned_at: row.artifactsPrunedAt,
    git_commit: row.gitCommit,
    flags: (flags.get(row.id) ?? []).map((flag) => ({
      reason: flag.reason,
      dataset_id: flag.datasetId,
      erasure_id: flag.erasureId,
      at: flag.at,
    })),
    created_at: row.createdAt,
  };
}

/** Null: the built-in ones. */
const namedSettings = (settings: AnswerSettings | undefined) =>
  settings === undefined ? null : { id: settings.id, name: settings.name };

/** The first experiment's fields stand by themselves too: mostly it is the only one. */
export function tableView(table: RoutingTable) {
  const [first] = table.experiments;
  return {
    version: table.version,
    production: table.production,
    settings: namedSettings(table.settings),
    previous: table.previous,
    previous_settings: namedSettings(table.previousSettings),
    candidate: first?.candidate ?? null,
    share_bp: first?.shareBp ?? 0,
    experiment_id: first?.id ?? null,
    experiments: table.experiments.map((one) => ({
      id: one.id,
      candidate: one.candidate,
      settings: namedSettings(one.settings),
      share_bp: one.shareBp,
      from_bp: one.fromBp,
      to_bp: one.toBp,
      stratum: one.stratum,
      started_at: new Date(one.startedAt),
    })),
    holdout: table.holdout
      ? {
          id: table.holdout.id,
          share_bp: table.holdout.shareBp,
          model: table.holdout.model,
          stratum: table.holdout.stratum,
          reason: table.holdout.reason,
        }
      : null,
  };
}
export type TableView = ReturnType<typeof tableView>;

type RoutingRow = NonNullable<Awaited<ReturnType<typeof findRouting>>>;

/** A side is null where the record holds a table that this version cannot read. */
export function routingView(row: RoutingRow) {
  const side = (table: unknown): TableView | null => {
    const parsed = routingTableSchema.safeParse(table);
    return parsed.success ? tableView(parsed.data) : null;
  };
  return {
    version: row.version,
    at: row.at,
    who: row.who,
    action: row.action,
    reason: row.reason,
    summary: row.summary,
    from: side(row.from),
    to: side(row.to),
  };
}

type InteractionRow = NonNullable<Awaited<ReturnType<typeof findInteraction>>>;

export function answerView(row: InteractionRow) {
  return {
    interaction_id: row.id,
    visitor_id: row.visitorId,
    session_id: row.sessionId,
    trace_id: row.traceId,
    query: row.query,
    history_turns: row.historyTurns,
    response: row.response,
    sources: row.sources,
    prompt_version: row.promptVersion,
    settings_id: row.settingsId,
    model_served: row.modelServed,
    model_assigned: row.modelAssigned,
    arm: row.arm,
    experiment_id: row.experimentId,
    routing_version: row.routingVersion,
    status: row.status,
    error_code: row.errorCode,
    prompt_tokens: row.promptTokens,
    completion_tokens: row.completionTokens,
    first_token_ms: row.firstTokenMs,
    total_ms: row.totalMs,
    training_opt_out: row.trainingOptOut,
    platform: row.platform,
    created_at: row.createdAt,
  };
}

export function keyView(row: ApiKeyRow, nowMs: number) {
  const expired = row.expiresAt !== null && row.expiresAt.getTime() <= nowMs;
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    status: row.revokedAt !== null ? 'revoked' : expired ? 'expired' : 'active',
    created_at: row.createdAt,
    created_by: row.createdBy,
    expires_at: row.expiresAt,
    revoked_at: row.revokedAt,
    revoked_by: row.revokedBy,
    revoke_reason: row.revokeReason,
  };
}

export type FeedbackRow = Awaited<ReturnType<typeof feedbackOf>>[number];

/** `standing` says which votes count now: the latest of each kind, visitor and answer. */
export function feedbackViews(rows: readonly FeedbackRow[]) {
  const votes = rows.flatMap((row) =>
    row.feedbackType === 'signals'
      ? []
      : [
          {
            of: `${row.interactionId} ${row.visitorId}`,
            type: row.feedbackType,
            atMs: row.at.getTime(),
            receivedMs: row.receivedAt.getTime(),
            eventId: row.id,
          },
        ],
  );
  const standing = new Set(
    [...Map.groupBy(votes, ({ of }) => of).values()]
      .flatMap((own) => standingVotes(own))
      .map(({ eventId }) => eventId),
  );
  return rows.map((row) => feedbackView(row, standing.has(row.id)));
}

function feedbackView(row: FeedbackRow, standing: boolean) {
  return {
    event_id: row.id,
    interaction_id: row.interactionId,
    visitor_id: row.visitorId,
    source: row.source,
    feedback_type: row.feedbackType,
    feedback_value: row.feedbackValue,
    standing,
    corrected_response: row.correctedResponse,
    correction_type: row.correctionType,
    model_version: row.modelVersion,
    metadata: row.metadata,
    at: row.at,
    received_at: row.receivedAt,
    review_status: row.reviewStatus,
    reviewed_at: row.reviewedAt,
    reviewed_by: row.reviewedBy,
    review_note: row.reviewNote,
  };
}

/** A correction to be reviewed, with the words that its author says a right answer must hold. */
export function reviewView({ metadata, ...review }: ReviewRow) {
  return { ...review, key_facts: keyFactsOf(metadata) };
}

export function memberView(row: MemberRow, eventIds: readonly string[]) {
  return {
    interaction_id: row.interactionId,
    source: row.source,
    split: row.split,
    feedback_event_id: row.feedbackEventId,
    feedback_event_ids: eventIds,
    replayed_from: row.replayedFrom,
  };
}

export function pairView(row: PairRow) {
  return {
    pair_id: row.id,
    chosen_interaction_id: row.chosenInteractionId,
    rejected_interaction_id: row.rejectedInteractionId,
    source: row.source,
    margin: row.margin,
    split: row.split,
  };
}

/** Without the visitor: while the work goes on the row knows who it was, and nobody else need. */
export const erasureView = (row: Erasure) => ({
  id: row.id,
  visitor_hash: row.visitorHash,
  at: row.at,
  who: row.who,
  reason: row.reason,
  state: row.state,
  sessions_left: row.sessions.length,
  counts: row.counts,
  problem: row.problem,
  completed_at: row.completedAt,
});

export const useView = (use: AnswerUse) => ({
  dataset_id: use.datasetId,
  role: use.role,
  split: use.split,
});
