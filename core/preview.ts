// A conversation with both arms of an experiment: what one side was told before, and its answer put
// together from the events of the stream. Pure; read by the Worker and by the console.

import type { Arm } from './statistics/moments.ts';
import type { ChatMessage } from './wire/chat.ts';
import type { PreviewRequest, PreviewSide, SideEvent } from './wire/preview.ts';

type Asked = Pick<PreviewSide, 'model_id' | 'prompt_version'>;
type Earlier = NonNullable<PreviewRequest['earlier']>;

/** A turn that this side did not answer is left out: a question without its answer confuses a model. */
export const historyOf = (earlier: Earlier, arm: Arm): ChatMessage[] =>
  earlier.flatMap((turn): ChatMessage[] => {
    const answered = turn[arm];
    return answered === null
      ? []
      : [
          { role: 'user', content: turn.message },
          { role: 'assistant', content: answered },
        ];
  });

/** Over when `finish_reason` or `error` is there. */
export const unanswered = (of: Asked): PreviewSide => ({
  ...of,
  response: '',
  finish_reason: null,
  first_token_ms: null,
  total_ms: 0,
  usage: null,
  error: null,
});

/** The side after an event of its own. */
export function withEvent(side: PreviewSide, event: SideEvent): PreviewSide {
  switch (event.type) {
    case 'delta':
      return { ...side, response: side.response + event.text };
    case 'done': {
      const { finish_reason, first_token_ms, total_ms, usage } = event;
      return { ...side, finish_reason, first_token_ms, total_ms, usage };
    }
    case 'error': {
      const { error, first_token_ms, total_ms } = event;
      return { ...side, error, first_token_ms, total_ms };
    }
    default:
      return event satisfies never;
  }
}

/** Who answered, as told apart from the other side: by its prompt too where the model is the same. */
export const answererName = (side: Asked, other: Asked): string =>
  side.model_id === other.model_id && side.prompt_version !== other.prompt_version
    ? `${side.model_id}, prompt ${side.prompt_version}`
    : side.model_id;
