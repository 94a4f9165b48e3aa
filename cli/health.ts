/**
 * Reads a part's health however it was said: a word, a boolean, { status } or { ok }. Pure.
 */
import type { Health } from './schemas.ts';

const WELL = new Set(['ok', 'up', 'well', 'ready', 'healthy']);

export function isWell(health: Health): boolean {
  return WELL.has(healthText(health).toLowerCase());
}

export function healthText(health: Health): string {
  if (health === null) return 'unknown';
  if (typeof health === 'boolean') return health ? 'ok' : 'failed';
  if (typeof health === 'string') return health;
  if ('status' in health) return String(health.status);
  return health.ok ? 'ok' : 'failed';
}
