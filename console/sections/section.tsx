// The frame of every part below the loop: an anchor, a heading, and what to say while nothing is there.
import type { ReactNode } from 'react';

interface Props {
  id: string;
  title: string;
  aside?: ReactNode;
  error?: string | null;
  children: ReactNode;
}

export function Section({ id, title, aside, error = null, children }: Props) {
  return (
    <section className="part" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </header>
      {error !== null && (
        <p className="alarm" role="status">
          Not up to date. {error}
        </p>
      )}
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}
