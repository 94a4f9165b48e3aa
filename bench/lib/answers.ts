// Answers to give feedback on: asked for through the stack, with the tokens that came with them.

import { z } from 'zod';
import { inPool } from '../../simulation/pool.ts';
import { chatBody, httpRequest, networkOf, newVisitors } from './requests.ts';

export interface Given {
  interaction_id: string;
  feedback_token: string;
  network: string;
}

const AT_ONCE = 20;

const headerSchema = z.string().min(1);

export async function someAnswers(port: number, count: number): Promise<Given[]> {
  const visitors = await newVisitors(port, count);
  return inPool(
    visitors.map((token, index) => ({ token, index })),
    AT_ONCE,
    async ({ token, index }) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'cf-connecting-ip': networkOf(index),
        },
        body: JSON.stringify(chatBody('agent-bruno', false)),
        signal: AbortSignal.timeout(30_000),
      });
      await response.arrayBuffer();
      return {
        interaction_id: headerSchema.parse(response.headers.get('x-interaction-id')),
        feedback_token: headerSchema.parse(response.headers.get('x-feedback-token')),
        network: networkOf(index),
      };
    },
  );
}

/** One vote a request; the server makes the event's id, so that each request is an event of its own. */
export const voteRequests = (answers: readonly Given[]): string[] =>
  answers.map(({ network, ...about }, index) =>
    httpRequest(
      '/api/feedback',
      { 'cf-connecting-ip': network },
      { ...about, feedback_type: index % 4 === 0 ? 'thumbs_down' : 'thumbs_up' },
    ),
  );

/** Batches of signals, as the trackers send them. */
export function signalRequests(answers: readonly Given[], size: number): string[] {
  return answers.map(({ network }, index) => {
    const events = Array.from({ length: size }, (_none, offset) => {
      const { network: _network, ...about } = answers[(index + offset) % answers.length] ?? {};
      return { ...about, signals: { read_time_seconds: 12.5, copy_event: offset % 2 === 0 } };
    });
    return httpRequest('/api/signals', { 'cf-connecting-ip': network }, { events });
  });
}
