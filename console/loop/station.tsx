// One station of the loop: title, number, state, details and, after it, the way to the next station.
// The state is a word with a shape beside it, so that it reads without colour.
import type { ReactNode } from 'react';
import type { Facts, Tone } from './facts.ts';

const SHAPES: Record<Tone, string> = {
  idle: 'M3 8a5 5 0 1 0 10 0a5 5 0 1 0-10 0',
  moving: 'M4 2.500 13.500 8 4 13.500z',
  yours: 'M8 1.500 14.500 8 8 14.500 1.500 8z',
  alarm: 'M8 1.500 15 14H1z',
};

const LINKS: Partial<Record<Facts['id'], string>> = {
  corrections: '#reviews',
  dataset: '#datasets',
  training: '#training',
  models: '#models',
  route: '#route',
};

interface Props {
  facts: Facts;
  flows: boolean;
  children: ReactNode;
}

export function Station({ facts, flows, children }: Props) {
  const link = LINKS[facts.id];
  return (
    <li
      className={`station at-${facts.id} ${facts.tone}`}
      data-testid={`station-${facts.id}`}
      data-tone={facts.tone}
    >
      <div className="card">
        <h3>{link ? <a href={link}>{facts.title}</a> : facts.title}</h3>
        <p className="headline">{facts.headline}</p>
        <p className="state">
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
            <path d={SHAPES[facts.tone]} />
          </svg>
          {facts.state}
        </p>
        {facts.details.filter(Boolean).map((detail) => (
          <p key={detail} className="quiet">
            {detail}
          </p>
        ))}
        {children}
      </div>
      <svg
        className={flows ? 'way flows' : 'way'}
        viewBox="0 0 36 20"
        width="36"
        height="20"
        aria-hidden="true"
      >
        <path d="M2 10h29m-7-7 7 7-7 7" />
      </svg>
    </li>
  );
}
