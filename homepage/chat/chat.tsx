// The whole chat: conversation, composer and the visitor's choice about training. It fills the
// element it stands in and scrolls within it. Used by the demo page, the widget and other pages.
import { useRef } from 'react';
import { assistantAt, refuseTraining, type Source } from '../client/index.ts';
import { Composer } from './composer.tsx';
import { Privacy } from './privacy.tsx';
import { type Theme, themeAttribute } from './theme.ts';
import { TurnView } from './turn-view.tsx';
import { useChat } from './use-chat.ts';
import { useFollow } from './use-follow.ts';
import { useOptOut } from './use-opt-out.ts';

export interface ChatProps {
  /** Where the Worker is; left out, the page's own origin. */
  baseUrl?: string | undefined;
  /** What a screen reader calls it. */
  title?: string | undefined;
  /** What stands there before the first question. */
  intro?: string | undefined;
  ideas?: readonly string[] | undefined;
  /** What your page knows about the question: given to the model, cited under the answer. */
  sources?: readonly Source[] | undefined;
  theme?: Theme | undefined;
  privacyUrl?: string | undefined;
  /** Takes the focus when it appears. For a page or panel that is nothing but the chat. */
  autoFocus?: boolean | undefined;
}

export function Chat(props: ChatProps) {
  const { baseUrl, title = 'Chat with the assistant', intro, ideas = [], theme } = props;
  const assistant = assistantAt(baseUrl);
  const [optOut, setOptOut] = useOptOut(assistant.storage);
  const talk = useRef<HTMLElement>(null);
  const chat = useChat(assistant, { trainingOptOut: optOut, sources: props.sources }, talk);
  const last = chat.turns.at(-1);
  useFollow(talk, last);

  return (
    <section className="bruno chat" aria-label={title} {...themeAttribute(theme)}>
      {/* Long conversations scroll here, from the keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must take focus */}
      <section className="talk" ref={talk} tabIndex={0} aria-label="Conversation">
        {chat.turns.length === 0 && (
          <div className="ideas">
            {intro !== undefined && <p className="quiet">{intro}</p>}
            <ul>
              {ideas.map((idea) => (
                <li key={idea}>
                  <button type="button" className="idea" onClick={() => chat.ask(idea)}>
                    {idea}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        )}
        {chat.turns.map((turn) => (
          <TurnView
            key={turn.id}
            turn={turn}
            isLast={turn === last}
            baseUrl={assistant.baseUrl}
            theme={theme}
            onNote={chat.note}
            onRetry={chat.retry}
          />
        ))}
      </section>
      <div className="bottom">
        <Composer
          busy={chat.busy}
          autoFocus={props.autoFocus ?? false}
          onAsk={chat.ask}
          onStop={chat.stop}
        />
        <Privacy
          optOut={optOut}
          hasEarlier={optOut && assistant.session.known() !== null}
          policyUrl={props.privacyUrl ?? null}
          onChange={setOptOut}
          onRefuse={() => refuseTraining(assistant)}
          onErase={chat.erase}
        />
      </div>
    </section>
  );
}
