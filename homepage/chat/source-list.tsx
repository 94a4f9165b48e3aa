// The sources an answer was given, as numbered citations. A click on one is a signal.
import type { Source } from '../client/index.ts';
import { safeUrl } from '../markdown/safe-text.ts';

interface Props {
  sources: readonly Source[];
  onOpened: () => void;
}

export function SourceList({ sources, onOpened }: Props) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a landmark in every turn would be one too many
    <div role="group" className="sources" aria-label="Sources">
      <h3>Sources</h3>
      <ol>
        {sources.map((source, index) => {
          const url = safeUrl(source.url);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the sources of an answer never change
            <li key={index}>
              {url === null ? (
                <span>{source.title}</span>
              ) : (
                <a
                  href={url}
                  target="_blank"
                  rel="noopener noreferrer nofollow"
                  data-testid="citation"
                  onClick={onOpened}
                  // The wheel opens a link too, and is no click; the right button opens a menu.
                  onAuxClick={(event) => event.button === 1 && onOpened()}
                >
                  {source.title}
                </a>
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
