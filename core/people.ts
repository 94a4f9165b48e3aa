// A visitor whom a homepage knows: of several statements about one visitor the earliest stands, in
// whatever order they come. Pure.

import type { IdentityEvent } from './wire/events.ts';

export interface VisitorPerson {
  visitorId: string;
  personId: string;
  at: Date;
}

const isEarlier = (a: VisitorPerson, b: VisitorPerson) =>
  a.at.getTime() === b.at.getTime() ? a.personId < b.personId : a.at < b.at;

/** One for each visitor; in one order for everyone, so that two batches cannot wait for each other. */
export function earliestPeople(events: readonly IdentityEvent[]): VisitorPerson[] {
  const earliest = new Map<string, VisitorPerson>();
  for (const { visitor_id, person_id, at } of events) {
    const said = { visitorId: visitor_id, personId: person_id, at: new Date(at) };
    const known = earliest.get(visitor_id);
    if (known === undefined || isEarlier(said, known)) earliest.set(visitor_id, said);
  }
  return [...earliest.values()].toSorted((a, b) => (a.visitorId < b.visitorId ? -1 : 1));
}
