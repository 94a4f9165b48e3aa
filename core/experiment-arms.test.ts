// Which model and settings an arm stands for.

import { expect, it } from 'vitest';
import { armsOf } from './experiment-arms.ts';
import { CURRENT_SETTINGS } from './visitor-prompt.ts';

it('answers with production in the control and the candidate in the treatment, as visitors are', () => {
  expect(armsOf({ candidate: '2026-w42.1', production: '2026-w41.1' })).toEqual({
    control: { model: '2026-w41.1', settings: CURRENT_SETTINGS },
    treatment: { model: '2026-w42.1', settings: CURRENT_SETTINGS },
  });
});

it('has no two arms once the candidate is production', () => {
  expect(armsOf({ candidate: '2026-w42.1', production: '2026-w42.1' })).toBeUndefined();
});
