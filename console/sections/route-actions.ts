// The four changes of the live route as actions for the dialog: what each means for visitors, and the
// request that performs it. Used by live-route.tsx.
import type { Action } from '../action-dialog.tsx';
import type { Api } from '../api/client.ts';
import { anythingSchema, type Status } from '../api/schema.ts';
import { percent } from '../format.ts';
import { answererText } from './route-words.ts';
import { trialsOf } from './trials.ts';

/** The candidate that was on the page is named: another one running by now is a refusal. */
export type RouteRequest =
  | { action: 'start'; model_id: string; slice?: number }
  | { action: 'share'; model_id: string; share: number }
  | { action: 'promote'; model_id: string }
  | { action: 'rollback'; model_id?: string };

type Live = Status['live'];

export function routeAction(api: Api, live: Live, request: RouteRequest): Action {
  const words = wordsOf(live, request);
  return {
    ...words,
    needsReason: true,
    async perform({ reason, requestId }) {
      const body = { ...request, reason, request_id: requestId };
      await api.post('/admin/route', body, anythingSchema);
      return words.result;
    },
  };
}

function wordsOf(live: Live, request: RouteRequest) {
  const production = answererText(live.production, live.settings);
  const before = live.previous && answererText(live.previous, live.previous_settings);
  switch (request.action) {
    case 'start':
      return {
        title: `Try ${request.model_id}`,
        effect: `The first share (ab_testing.initial_traffic_split) of ${visitors(request.slice)} will be answered by ${request.model_id}, the others by ${production} as now.`,
        verb: 'Start',
        result: `${request.model_id} now answers the first share of ${visitors(request.slice)}.`,
      };
    case 'share': {
      const whom = visitors(sliceOf(live, request.model_id));
      return {
        title: `Give ${request.model_id} ${percent(request.share)}`,
        effect: `${percent(request.share)} of ${whom} will be answered ${how(live, request.model_id)} ${request.model_id}, the others by ${production}.`,
        verb: `Change to ${percent(request.share)}`,
        result: `${percent(request.share)} of ${whom} are answered ${how(live, request.model_id)} ${request.model_id} now.`,
      };
    }
    case 'promote':
      return {
        title: `Promote ${request.model_id}`,
        effect: `Every visitor will be answered ${how(live, request.model_id)} ${request.model_id}. ${production} is retired and can be rolled back to.${others(live, request.model_id)}`,
        verb: 'Promote to everyone',
        result: `${request.model_id} is in production: every visitor is answered ${how(live, request.model_id)} it.`,
      };
    case 'rollback':
      return {
        title: 'Roll back',
        effect:
          request.model_id === undefined
            ? `Every visitor will be answered by ${before ?? 'the earlier production model'} in place of ${production}.`
            : `${request.model_id} will answer nobody any more; ${trialsOf(live).length > 1 ? 'its visitors get' : 'every visitor gets'} ${production}.`,
        verb: 'Roll back now',
        result: 'Rolled back. Visitors get the earlier model within seconds.',
      };
    default:
      return request satisfies never;
  }
}

const visitors = (slice: number | undefined) =>
  slice === undefined || slice === 1 ? 'visitors' : `a slice of ${percent(slice)} of visitors`;

/** Visitors are answered by a model; settings are what it answers under. */
const how = (live: Live, candidate: string) =>
  trialsOf(live).some((one) => one.candidate === candidate && one.settings !== undefined)
    ? 'under'
    : 'by';

function sliceOf(live: Live, candidate: string): number | undefined {
  const trial = trialsOf(live).find((one) => one.candidate === candidate);
  return trial && trial.sliceBp / 10_000;
}

function others(live: Live, promoted: string): string {
  const left = trialsOf(live).filter(({ candidate }) => candidate !== promoted);
  if (left.length === 0) return '';
  const names = left.map(({ candidate }) => candidate).join(', ');
  return ` The trial of ${names} goes on, compared with ${promoted} from then on.`;
}
