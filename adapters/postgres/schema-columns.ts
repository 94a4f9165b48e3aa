// Columns that every part of the schema has.

import { timestamp } from 'drizzle-orm/pg-core';

/** A moment, with its time zone; a Date on our side. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
