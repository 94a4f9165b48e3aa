// What an operator looks at before approving an experiment's next step: the candidate beside production on
// questions of their own, and what visitors thought of both. Reads and asks; decides nothing.
import type { Api } from '../api/client.ts';
import { PreviewAnswers } from './preview-answers.tsx';
import { PreviewChat } from './preview-chat.tsx';

interface Props {
  api: Api;
  now: string;
  experimentId: string;
}

/** Another experiment is another conversation: give it the experiment's id as key. */
export function Preview({ api, now, experimentId }: Props) {
  return (
    <>
      <PreviewChat api={api} experimentId={experimentId} />
      <PreviewAnswers api={api} now={now} experimentId={experimentId} />
    </>
  );
}
