// What a plan counts of the weeks before: whoever could have taken part in an experiment, as enrolment decides it.

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { withDatabase } from '../../adapters/postgres/connect.ts';
import { pastTraffic } from '../../adapters/postgres/past-traffic.ts';
import { configuredJudge } from '../../functions/judging/answers.ts';
import { databaseOf } from '../../workers/env.ts';
import { deliver } from './experiment-support.ts';
import { interactionOf } from './support.ts';

/** A day of which no other test has answers. */
const DAY = Date.parse('2031-05-07T00:00:00Z');
const HOUR = 3_600_000;

const asked = (visitor_id: string, hour: number, over: object = {}) =>
  interactionOf({ visitor_id, created_at: DAY + hour * HOUR, ...over });

const planned = (minAgeSeconds: number) =>
  withDatabase(databaseOf(env), (db) =>
    pastTraffic(db, {
      from: new Date(DAY),
      until: new Date(DAY + 24 * HOUR),
      minAgeSeconds,
      judge: configuredJudge(env),
    }),
  );

test('counts those who could take part, and everybody where no age is asked for', async () => {
  await deliver([
    ...Array.from({ length: 6 }, () => asked(crypto.randomUUID(), 1)),
    asked('past-again', 1),
    asked('past-again', 2.5),
    asked('past-in-talk', 3),
    asked('past-in-talk', 3.1, { history_turns: 1 }),
    asked('past-client', 3, { history_turns: 4, platform: 'openai' }),
    asked('shop:anna', 4),
  ]);
  expect((await planned(3_600))?.traffic).toMatchObject({ usersPerDay: 3, answersPerDay: 3 });
  expect((await planned(0))?.traffic).toMatchObject({ usersPerDay: 10, answersPerDay: 12 });
});
