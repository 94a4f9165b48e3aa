import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSupport } from './support-check.ts';

const source = {
  id: 'runbook',
  title: 'Loki runbook v2.9',
  url: 'https://docs.example.com/loki/restart',
  text: 'Restart with `kubectl rollout restart deploy/loki`. It listens on port 3100 and keeps 1,500 streams for 30 days. Set LOKI_MAX_STREAMS, or --limits-max-streams. Memory is 2.5 GiB.',
};
const unsupported = (answer: string, question = 'How do I restart Loki?') =>
  checkSupport(answer, [source], question)?.unsupported;

describe('what an answer states that its sources do not', () => {
  it('is not measured without sources', () => {
    expect(checkSupport('Port 3100.', [], 'Which port?')).toBeUndefined();
  });

  it.each([
    ['Loki listens on port 3100 [1].'],
    ['It keeps 1500 streams for 30 days.'],
    ['It keeps 1 500 streams for 30 days.'],
    ['Run `kubectl rollout restart deploy/loki`, then wait.'],
    ['See https://docs.example.com/loki/restart.'],
    ['Set LOKI_MAX_STREAMS or --limits-max-streams; it needs 2.5 GiB.'],
    ['1. Restart it.\n2. Look at the logs.\n3) Wait.'],
    ['Just restart it, then look at the logs.'],
  ])('finds nothing in %j', (answer) => {
    expect(unsupported(answer)).toEqual([]);
  });

  it.each([
    ['Loki listens on port 3000.', ['3000']],
    ['Loki listens on port 310.', ['310']],
    ['It needs 5 GiB.', ['5']],
    ['It keeps 15,000 streams.', ['15000']],
    ['Run `kubectl delete pod loki-0`.', ['kubectl delete pod loki-0']],
    ['See https://docs.example.com/loki/reboot.', ['https://docs.example.com/loki/reboot']],
    ['Set LOKI_MAX_CHUNKS.', ['LOKI_MAX_CHUNKS']],
    ['Edit /etc/loki/config.yaml first.', ['/etc/loki/config.yaml']],
    ['Pass --max-look-back and --limits-max-streams.', ['--max-look-back']],
  ])('names it in %j', (answer, expected) => {
    expect(unsupported(answer)).toEqual(expected);
  });

  it('takes what the question itself said as given', () => {
    expect(unsupported('Port 9095 is the ingest port.', 'What is port 9095 for?')).toEqual([]);
  });

  it('names each detail once and counts what it looked up', () => {
    expect(checkSupport('Ports 1 and 1 and 3100.', [source], '')).toEqual({
      checked: 2,
      unsupported: ['1'],
    });
  });

  it('looks up the first 200 of an answer that is nothing but details', () => {
    const numbers = Array.from({ length: 4_000 }, (_, index) => 10_000 + index).join(' ');
    const found = checkSupport(numbers, [source], '');
    expect(found?.checked).toBe(200);
    expect(found?.unsupported).toHaveLength(200);
  });

  it('finds nothing in any answer copied from its source', () => {
    const words = (source.text ?? '').split(' ');
    fc.assert(
      fc.property(fc.nat(words.length - 1), fc.integer({ min: 1, max: 12 }), (from, count) => {
        const quote = words.slice(from, from + count).join(' ');
        // A quotation cut in the middle of a code span is not a quotation of it.
        fc.pre((quote.split('`').length - 1) % 2 === 0);
        expect(unsupported(quote)).toEqual([]);
      }),
    );
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(checkSupport(text, [source], text)?.checked).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
