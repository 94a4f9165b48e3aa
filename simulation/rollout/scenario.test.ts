import { expect, test } from 'vitest';
import { scenarioSchema, treatmentOf } from './scenario.ts';

const scenario = (given: object) => scenarioSchema.parse({ name: 'for-a-test', ...given });

test('treatment is control but for what the scenario says of it', () => {
  const { control, ...one } = scenario({ control: { error: 0.1, votes_when_up: 0.5 } });
  expect(treatmentOf({ control, ...one })).toEqual(control);
  const two = scenario({ control: { error: 0.1 }, treatment: { thumbs_up: 0.8 } });
  expect(treatmentOf(two)).toEqual({ ...two.control, thumbs_up: 0.8 });
});

test('an arm with a key that nothing reads, or with quantiles the wrong way round, is refused', () => {
  expect(() => scenario({ treatment: { eror: 0.1 } })).toThrow('eror');
  expect(() => scenario({ control: { first_token_p95: 4 } })).toThrow('first_token_p99');
});
