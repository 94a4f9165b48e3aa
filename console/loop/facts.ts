// What each station of the loop says, from one status: its number, its state in words, its details.
// Pure, so that every empty or half-known state is a test case. Drawn by loop.tsx.
import type { Job, Status } from '../api/schema.ts';
import { ago, count, counted, day, percent, words } from '../format.ts';
import { shareText, trialsOf } from '../sections/trials.ts';

export type StationId =
  | 'visitors'
  | 'feedback'
  | 'corrections'
  | 'dataset'
  | 'training'
  | 'models'
  | 'route';

/** idle: nothing to do; moving: work is going on; yours: waits for an operator; alarm: went wrong. */
export type Tone = 'idle' | 'moving' | 'yours' | 'alarm';

export interface Facts {
  id: StationId;
  title: string;
  headline: string;
  tone: Tone;
  state: string;
  details: string[];
}

export function stationsOf(status: Status): Facts[] {
  return [
    visitors(status),
    feedback(status),
    corrections(status),
    dataset(status),
    training(status),
    models(status),
    route(status),
  ];
}

function visitors({ counts, week, last_week: last }: Status): Facts {
  const some = (counts.interactions ?? 0) > 0;
  return {
    id: 'visitors',
    title: 'Visitors',
    headline: counted(counts.interactions, 'answer'),
    tone: some ? 'moving' : 'idle',
    state: some ? 'answering' : 'waiting for the first question',
    details: [
      week ? `week ${week}` : '',
      counts.since ? `since ${day(counts.since)}` : '',
      last?.interactions ? `last week: ${counted(last.interactions, 'answer')}` : '',
    ],
  };
}

function feedback({ counts, last_week: last }: Status): Facts {
  const all = (counts.explicit ?? 0) + (counts.signals ?? 0);
  return {
    id: 'feedback',
    title: 'Feedback',
    headline: counted(counts.explicit, 'verdict'),
    tone: all > 0 ? 'moving' : 'idle',
    state: all > 0 ? 'coming in' : 'none yet',
    details: [
      `${count(counts.thumbs_up)} helpful, ${count(counts.thumbs_down)} not`,
      `${counted(counts.ratings, 'rating')}, ${counted(counts.signals, 'signal')}`,
      last?.interactions
        ? `last week: ${counted(last.explicit, 'verdict')}, ${counted(last.corrections, 'correction')}`
        : '',
    ],
  };
}

function corrections({ counts, reviews_pending }: Status): Facts {
  const waiting = reviews_pending ?? 0;
  return {
    id: 'corrections',
    title: 'Corrections',
    headline: `${count(waiting)} waiting`,
    tone: waiting > 0 ? 'yours' : 'idle',
    state: waiting > 0 ? 'waiting for your review' : 'nothing to review',
    details: [`${count(counts.corrections)} sent this week`],
  };
}

function dataset({ dataset: made }: Status): Facts {
  if (!made) {
    return {
      id: 'dataset',
      title: 'Dataset',
      headline: 'none yet',
      tone: 'idle',
      state: 'made every Sunday 02:00 UTC',
      details: [],
    };
  }
  const failed = /fail|error/.test(made.status ?? '');
  const { counts } = made;
  return {
    id: 'dataset',
    title: 'Dataset',
    headline: made.id,
    tone: failed ? 'alarm' : 'idle',
    state: words(made.status ?? 'ready'),
    details: [
      `${counted(counts?.train, 'example')}, ${counted(counts?.pairs, 'pair')}`,
      made.quality_rate == null ? '' : `${percent(made.quality_rate)} of answers qualified`,
    ],
  };
}

const JOB_TONES: Record<string, Tone> = {
  queued: 'moving',
  leased: 'moving',
  failed: 'alarm',
  refused: 'yours',
};
const JOB_STATES: Record<string, string> = {
  queued: 'waiting for a Mac',
  leased: 'training',
  succeeded: 'finished',
  refused: 'refused: not good enough',
};

export function jobState(job: Pick<Job, 'status' | 'cancel_requested'>): string {
  if (job.status === 'leased' && job.cancel_requested) return 'being cancelled';
  return JOB_STATES[job.status] ?? job.status;
}

function training({ job, now }: Status): Facts {
  if (!job) {
    return {
      id: 'training',
      title: 'Training',
      headline: 'no job',
      tone: 'idle',
      state: 'starts when a dataset is made',
      details: [],
    };
  }
  const { progress } = job;
  const running = job.status === 'leased' && progress;
  return {
    id: 'training',
    title: 'Training',
    headline: job.model_id ?? job.id,
    tone: JOB_TONES[job.status] ?? 'idle',
    state: jobState(job),
    details: [
      running ? stepOf(progress) : '',
      job.finished_at ? ago(job.finished_at, now) : '',
      (job.attempt ?? 1) > 1 ? `attempt ${job.attempt} of ${job.max_attempts ?? '?'}` : '',
    ],
  };
}

export function stepOf(progress: NonNullable<Job['progress']>): string {
  const { phase, step, total_steps, loss } = progress;
  const steps =
    step == null ? '' : `step ${step}${total_steps == null ? '' : ` of ${total_steps}`}`;
  const shown = loss == null ? '' : `loss ${loss.toFixed(3)}`;
  return [phase, steps, shown].filter(Boolean).join(' · ');
}

function models({ models: all = [], live }: Status): Facts {
  // The base may itself be in production; what training made comes from a dataset.
  const trained = all.filter((model) => model.dataset_id != null);
  const ready = trained.filter(({ stage, tried }) => stage === 'registered' && tried == null);
  const refused = trained.filter((model) => model.stage === 'refused').length;
  const mayStart = ready.length > 0 && trialsOf(live).length === 0;
  return {
    id: 'models',
    title: 'Models',
    headline: trained.length === 0 ? 'only the base' : `${trained.length} trained`,
    tone: mayStart ? 'yours' : 'idle',
    state: mayStart ? `${ready.length} ready to try` : restingState(trained.length, live),
    details: [
      ready[0] ? `newest: ${ready[0].id}` : '',
      refused > 0 ? `${refused} refused by the gate` : '',
    ],
  };
}

function restingState(trained: number, live: Status['live']): string {
  if (trained === 0) return 'the first comes from training';
  const tried = trialsOf(live).length;
  if (tried > 1) return `${tried} are being tried`;
  return tried === 1 ? 'one is being tried' : 'nothing new to try';
}

function routeState(tried: number): string {
  if (tried === 0) return 'answers everyone';
  return tried === 1 ? 'trying a candidate' : `trying ${tried} candidates`;
}

function route({ live }: Status): Facts {
  const trials = trialsOf(live);
  const trying = trials.length > 0;
  return {
    id: 'route',
    title: 'Live route',
    headline: live.production,
    tone: trying ? 'yours' : 'moving',
    state: routeState(trials.length),
    details: [
      ...(trying
        ? trials.map((trial) => `${trial.candidate} answers ${shareText(trial)}`)
        : ['no candidate']),
      live.version == null ? '' : `table version ${live.version}`,
    ],
  };
}
