// The endpoints of settings: what answers may be given under. For operators.

import {
  createSettingsSchema,
  settingsAnswerSchema,
  settingsListSchema,
  settingsMadeSchema,
} from '../wire/settings.ts';
import { type Endpoint, JSON_TYPE } from './endpoint.ts';
import { answering, list, one, WRITE } from './operator-endpoint.ts';

export const SETTINGS_ENDPOINTS: readonly Endpoint[] = [
  list(
    '/admin/settings',
    'listSettings',
    'Operators: settings',
    settingsListSchema,
    'What answers may be given under, newest first, and the built-in ones.',
  ),
  {
    method: 'post',
    path: '/admin/settings',
    id: 'createSettings',
    title: 'Operators: make settings',
    about:
      'A system prompt, how to sample where the client does not say, and how much of the sources a model is given. What is left out is as the built-in settings have it. Settings never change: their id is the hash of what they say, and the same again is the same record (`existed`). Nobody is answered under them before an experiment tries them.',
    body: { schema: createSettingsSchema, types: [JSON_TYPE] },
    security: ['operator'],
    answers: answering(201, 'Made, or found as they were made before.', settingsMadeSchema),
    errors: WRITE,
  },
  one(
    '/admin/settings/{id}',
    'showSettings',
    'Operators: some settings',
    settingsAnswerSchema,
    'All that they say, and whether anybody is answered under them now.',
  ),
];
