import { expect, test } from 'vitest';
import { blame, type Trouble } from './blame.ts';

const trouble = (over: Partial<Trouble>): Trouble => ({
  assignedFailure: null,
  outcome: 'complete',
  answered: true,
  late: false,
  productionWell: true,
  ...over,
});

test.each<[string, Partial<Trouble>, ReturnType<typeof blame>]>([
  ['a whole answer is nobody\u2019s', {}, null],
  ['a candidate replaced by production is its own', { assignedFailure: 'timed_out' }, 'model'],
  ['a candidate that was skipped is its own', { assignedFailure: 'circuit_open' }, 'model'],
  [
    'production that had to be asked again is its own as a candidate\u2019s would be',
    { assignedFailure: 'refused' },
    'model',
  ],
  ['a full gateway is the service\u2019s', { assignedFailure: 'busy' }, 'service'],
  [
    'both failing is the service\u2019s',
    { assignedFailure: 'refused', outcome: 'unanswered', answered: false },
    'service',
  ],
  [
    'a replacement that breaks is the service\u2019s',
    { assignedFailure: 'refused', outcome: 'broke' },
    'service',
  ],
  [
    'a client gone before the replacement answered is nobody\u2019s',
    { assignedFailure: 'timed_out', outcome: 'left', answered: false },
    null,
  ],
  [
    'a client gone while the replacement answers leaves the candidate\u2019s failure',
    { assignedFailure: 'timed_out', outcome: 'left' },
    'model',
  ],
  ['a candidate that breaks midway is its own', { outcome: 'broke' }, 'model'],
  [
    'a candidate that breaks while production is ill is the service\u2019s',
    { outcome: 'broke', productionWell: false },
    'service',
  ],
  [
    'production that breaks midway is its own as a candidate\u2019s would be',
    { outcome: 'broke' },
    'model',
  ],
  [
    'production that breaks while it is ill is the service\u2019s',
    { outcome: 'broke', productionWell: false },
    'service',
  ],
  [
    'production silent is the service\u2019s',
    { outcome: 'unanswered', answered: false },
    'service',
  ],
  ['production that begins later than a candidate may is its own', { late: true }, 'model'],
  [
    'production that begins late while it is ill is nobody\u2019s',
    { late: true, productionWell: false },
    null,
  ],
  ['a client that leaves is nobody\u2019s', { outcome: 'left' }, null],
])('%s', (_, over, expected) => {
  expect(blame(trouble(over))).toBe(expected);
});
