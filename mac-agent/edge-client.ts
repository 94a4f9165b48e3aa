/**
 * The agent's side of the lease protocol: claim, heartbeat, complete, fail, judgments, serving.
 * Used by the job runner, the judging and the reconciler. Every call has a time-out; network trouble and 5xx are
 * tried again with back-off, 409 is a StaleLeaseError at once: the lease is someone else's now.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import type { Completion, Job, Judgment, JudgmentReply, Progress, Serving } from './edge-schema.ts';
import { claimSchema, heartbeatSchema, judgmentsSchema, servingSchema } from './edge-schema.ts';
import { AgentError, StaleLeaseError } from './errors.ts';
import { sentenceOf } from './log.ts';

export type EdgeClientOptions = {
  edgeUrl: string;
  token: string;
  agentId: string;
  timeoutMs?: number;
  /** Waits between tries; its length is the number of further tries. */
  backoffMs?: readonly number[];
};

type Call = { method: 'GET' | 'POST'; path: string; body?: unknown; signal?: AbortSignal };

export type EdgeClient = ReturnType<typeof createEdgeClient>;

export const createEdgeClient = (options: EdgeClientOptions) => {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const backoffMs = options.backoffMs ?? [250, 1000, 3000];

  const once = async (call: Call): Promise<Response> => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(new URL(call.path, options.edgeUrl), {
      method: call.method,
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
      redirect: 'error',
      headers: {
        authorization: `Bearer ${options.token}`,
        'x-agent-id': options.agentId,
        'content-type': 'application/json',
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    if (response.status === 409) {
      await response.body?.cancel();
      throw new StaleLeaseError(
        `The edge answered 409 to ${call.path}: this attempt has no lease.`,
      );
    }
    if (!response.ok) {
      const text = (await response.text()).slice(0, 500);
      throw new AgentError(
        'edge_refused',
        `The edge answered ${response.status} to ${call.method} ${call.path}: ${text}`,
        { retryable: response.status >= 500 || response.status === 429 },
      );
    }
    return response;
  };

  const request = async (call: Call): Promise<Response> => {
    for (let tried = 0; ; tried += 1) {
      try {
        return await once(call);
      } catch (error) {
        const final = error instanceof AgentError && !error.retryable;
        const pause = backoffMs[tried];
        if (final || call.signal?.aborted) throw error;
        if (pause === undefined) {
          if (error instanceof AgentError) throw error;
          throw new AgentError(
            'edge_unreachable',
            `The edge did not answer ${call.method} ${call.path} in ${tried + 1} tries: ${sentenceOf(error)}`,
            { retryable: true, cause: error },
          );
        }
        await wait(pause, undefined, call.signal ? { signal: call.signal } : {});
      }
    }
  };

  const parse = async <T>(schema: z.ZodType<T>, response: Response, path: string): Promise<T> => {
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new AgentError(
      'edge_bad_answer',
      `The edge's answer to ${path} has an unexpected ${issue?.path.join('.') || 'shape'}: ${issue?.message}`,
    );
  };

  const jobPath = (job: Job, verb: string) => `/agent/jobs/${job.job_id}/${verb}`;
  const holder = (job: Job) => ({ agent_id: options.agentId, attempt: job.attempt });

  return {
    async claim(bases: string[], signal?: AbortSignal): Promise<Job | null> {
      const path = '/agent/jobs/claim';
      const body = { agent_id: options.agentId, bases };
      const response = await request({ method: 'POST', path, body, ...(signal ? { signal } : {}) });
      if (response.status === 204) return null;
      return (await parse(claimSchema, response, path)).job;
    },
    async heartbeat(
      job: Job,
      beat: { progress: Progress; checkpoint_saved?: boolean },
    ): Promise<{ cancel: boolean }> {
      const path = jobPath(job, 'heartbeat');
      const body = { ...holder(job), ...beat };
      return parse(heartbeatSchema, await request({ method: 'POST', path, body }), path);
    },
    async complete(job: Job, completion: Completion): Promise<void> {
      const body = { ...holder(job), ...completion };
      const response = await request({ method: 'POST', path: jobPath(job, 'complete'), body });
      await response.body?.cancel();
    },
    async fail(
      job: Job,
      failure: { code: string; message: string; retryable: boolean },
    ): Promise<void> {
      const body = { ...holder(job), ...failure };
      const response = await request({ method: 'POST', path: jobPath(job, 'fail'), body });
      await response.body?.cancel();
    },
    async claimJudgments(models: string[], signal?: AbortSignal): Promise<Judgment[]> {
      const path = '/agent/judgments/claim';
      const body = { agent_id: options.agentId, models };
      const response = await request({ method: 'POST', path, body, ...(signal ? { signal } : {}) });
      if (response.status === 204) return [];
      return (await parse(judgmentsSchema, response, path)).judgments;
    },
    async judged(replies: readonly JudgmentReply[]): Promise<void> {
      const body = { agent_id: options.agentId, replies };
      const response = await request({ method: 'POST', path: '/agent/judgments', body });
      await response.body?.cancel();
    },
    async serving(signal?: AbortSignal): Promise<Serving> {
      const path = '/agent/serving';
      const response = await request({ method: 'GET', path, ...(signal ? { signal } : {}) });
      return parse(servingSchema, response, path);
    },
  };
};
