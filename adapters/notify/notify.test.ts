// The shapes within Slack's and PagerDuty's limits; the exchange itself is in test/workerd/.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Notice, noticeOf } from '../../core/notifications.ts';
import { cut, judge, retryAfter } from './delivery.ts';
import { pagerDutyEvent, pagerDutyEventSchema } from './pagerduty.ts';
import { slackMessage, slackMessageSchema } from './slack.ts';

const AT = new Date('2026-11-02T06:00:00Z');
const place = { environment: 'production', consoleUrl: 'https://bruno.example/console/' };
const notice = (over: Partial<Notice>): Notice => ({
  ...noticeOf({ kind: 'test', id: 't', who: 'operator' }),
  ...over,
});
const long = fc.string({ unit: 'binary', maxLength: 4_000 });

describe('Slack', () => {
  test('gets no text that is too long or not escaped, whatever the notice says', () => {
    const facts = fc.array(fc.tuple(fc.constantFrom('By', 'A & B'), long), { maxLength: 14 });
    fc.assert(
      fc.property(long, long, facts, (title, text, given) => {
        const message = slackMessage(notice({ title, text, facts: given }), place);
        slackMessageSchema.parse(message);
        expect(JSON.stringify(message).isWellFormed()).toBe(true);
        for (const block of message.blocks) {
          if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
          if (block.type !== 'section') continue;
          expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(3_000);
          expect(block.fields?.length ?? 0).toBeLessThanOrEqual(10);
          for (const field of [block.text, ...(block.fields ?? [])]) {
            if (field === undefined) continue;
            expect(field.text.length).toBeLessThanOrEqual(3_000);
            expect(field.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
          }
        }
      }),
    );
  });

  test('gets a link where somebody said where the console is, and else none', () => {
    const context = (consoleUrl: string | null) =>
      slackMessage(notice({ section: 'models' }), { ...place, consoleUrl }).blocks.at(-1);
    expect(JSON.stringify(context(place.consoleUrl))).toContain(
      '<https://bruno.example/console/#models|Console>',
    );
    expect(JSON.stringify(context(null))).not.toContain('<');
  });
});

describe('PagerDuty', () => {
  const trigger = { action: 'trigger', dedupKey: 'agent:never', severity: 'error' } as const;

  test('gets a summary, a key and details within its limits, whatever the notice says', () => {
    fc.assert(
      fc.property(long, long, (title, text) => {
        const wide = notice({ title: `x${title}`, text, facts: [['By', text]] });
        const about = { kind: 'test', place, at: AT };
        const event = pagerDutyEvent(wide, { ...trigger, dedupKey: `k${title}` }, about);
        pagerDutyEventSchema.parse(event);
        expect(new TextEncoder().encode(JSON.stringify(event)).length).toBeLessThan(512 * 1024);
      }),
    );
  });

  test('resolves under the key that was triggered, each environment its own', () => {
    const about = (environment: string) => ({
      kind: 'agent_silent',
      place: { ...place, environment },
      at: AT,
    });
    const raised = pagerDutyEvent(notice({}), trigger, about('production'));
    const over = { action: 'resolve', dedupKey: 'agent:never' } as const;
    expect(pagerDutyEvent(notice({}), over, about('production'))).toEqual({
      event_action: 'resolve',
      dedup_key: raised.dedup_key,
    });
    expect(pagerDutyEvent(notice({}), over, about('staging')).dedup_key).not.toBe(raised.dedup_key);
  });
});

describe('an answer', () => {
  const reply = (status: number) => ({ status, text: 'said', retryAfterMs: 5_000 });

  test.each([
    [429, 'later'],
    [500, 'later'],
    [503, 'later'],
    [408, 'later'],
    [400, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [410, 'refused'],
    [302, 'refused'],
  ])('of %d means: %s', (status, outcome) => {
    expect(judge(reply(status), false)).toMatchObject({ outcome });
  });

  test('may ask to wait by seconds or by a date, and nonsense asks for nothing', () => {
    expect(retryAfter('30', 0)).toBe(30_000);
    expect(retryAfter('Mon, 02 Nov 2026 06:01:00 GMT', AT.getTime())).toBe(60_000);
    expect(retryAfter('Mon, 02 Nov 2026 05:00:00 GMT', AT.getTime())).toBe(0);
    expect(retryAfter('soon', 0)).toBeUndefined();
    expect(retryAfter(null, 0)).toBeUndefined();
  });
});

test('a text is cut to its limit, marked, and never through a character', () => {
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcd', 3)).toBe('ab\u2026');
  expect(cut('a\ud83d\ude00b', 3)).toBe('a\u2026');
  expect(cut('\ud83d', 3)).toBe('\ufffd');
});
