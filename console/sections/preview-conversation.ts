// A conversation with both arms as it grows: its turns, what each side is told of the earlier ones, and what
// is said when both are done. Pure.
import { unanswered, withEvent } from '../../core/preview.ts';
import type { Arm } from '../../core/statistics/moments.ts';
import type { PreviewRequest, PreviewSide } from '../../core/wire/preview.ts';
import type { PreviewEvent } from '../api/preview-schema.ts';

/** The candidate first: it is what the operator decides about. */
export const SIDES = [
  { arm: 'treatment', name: 'Candidate' },
  { arm: 'control', name: 'Production' },
] as const;

/** As many as a visitor's conversation remembers. */
const REMEMBERED = 5;

export interface PreviewTurn {
  id: number;
  message: string;
  /** What ended it: null while it is open, a sentence where the request itself failed. */
  state: 'open' | 'done' | 'stopped' | { failed: string };
  sides: Record<Arm, PreviewSide>;
}

export type Told =
  | { type: 'asked'; id: number; message: string }
  | { type: 'event'; id: number; event: PreviewEvent }
  | { type: 'ended'; id: number; state: PreviewTurn['state'] }
  | { type: 'cleared' };

const NOBODY = { model_id: '', prompt_version: '' };

export function converseWithBoth(turns: readonly PreviewTurn[], told: Told): PreviewTurn[] {
  switch (told.type) {
    case 'cleared':
      return [];
    case 'asked': {
      const sides = { control: unanswered(NOBODY), treatment: unanswered(NOBODY) };
      return [...turns, { id: told.id, message: told.message, state: 'open', sides }];
    }
    case 'event':
      return turns.map((turn) => (turn.id === told.id ? heard(turn, told.event) : turn));
    case 'ended':
      return turns.map((turn) => (turn.id === told.id ? { ...turn, state: told.state } : turn));
    default:
      return told satisfies never;
  }
}

function heard(turn: PreviewTurn, event: PreviewEvent): PreviewTurn {
  if (event.type === 'meta') {
    const { control, treatment } = event;
    return {
      ...turn,
      sides: { control: unanswered(control), treatment: unanswered(treatment) },
    };
  }
  const side = withEvent(turn.sides[event.arm], event);
  return { ...turn, sides: { ...turn.sides, [event.arm]: side } };
}

export const isWriting = (turn: PreviewTurn, arm: Arm): boolean =>
  turn.state === 'open' && turn.sides[arm].finish_reason === null && turn.sides[arm].error === null;

/** What goes with the next question: a side's answer only where it is whole. */
export function earlierOf(turns: readonly PreviewTurn[]): NonNullable<PreviewRequest['earlier']> {
  const told = ({ finish_reason: finish, response }: PreviewSide) =>
    finish === null || response === '' ? null : response;
  return turns
    .slice(-REMEMBERED)
    .map(({ message, sides: { control, treatment } }) => ({
      message,
      control: told(control),
      treatment: told(treatment),
    }))
    .filter(({ control, treatment }) => control !== null || treatment !== null);
}

/** For whoever hears the page: nothing while both write, then one sentence. */
export function spoken(turn: PreviewTurn | undefined): string {
  if (turn === undefined) return '';
  if (turn.state === 'open') return 'Both are being asked.';
  if (turn.state === 'stopped') return 'You stopped both.';
  if (turn.state !== 'done') return '';
  const failed = SIDES.filter(({ arm }) => turn.sides[arm].error !== null);
  if (failed.length === 2) return 'Neither gave a whole answer.';
  const [one] = failed;
  return one === undefined ? 'Both have answered.' : `${one.name} gave no whole answer.`;
}
