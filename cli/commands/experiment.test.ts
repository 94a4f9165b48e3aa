/**
 * `bruno experiment analyze` on real files. It needs no stack: the address given does not exist.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bruno } from '../testing/run-cli.ts';

const HEADER = 'visitor,arm,stage,metric,n,y';
const NOWHERE = 'http://127.0.0.1:9';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bruno-experiment-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string) => join(folder, name);
function file(name: string, ...lines: string[]): string {
  writeFileSync(inFolder(name), lines.join('\n'));
  return inFolder(name);
}
const analyze = (path: string, ...more: string[]) =>
  bruno(['experiment', 'analyze', path, ...more], NOWHERE);

/** `users` visitors of an arm with one observation each, the first `events` of them with an event. */
const arm = (name: string, users: number, events: number, metric = 'error', stage = 's1') =>
  Array.from(
    { length: users },
    (_, index) => `${name[0]}${index},${name},${stage},${metric},1,${index < events ? 1 : 0}`,
  );

const small = () => [HEADER, ...arm('control', 900, 9), ...arm('treatment', 300, 30)];

describe('an experiment’s rows', () => {
  it('are judged by the rules of rollouts', async () => {
    const { code, out } = await analyze(file('harm.csv', ...small()));
    expect(code).toBe(0);
    expect(out).toContain('rows      1,200');
    expect(out).toMatch(/s1 +100 % +900 +1 % +300 +10 % +0\.\d+/);
    expect(out).toMatch(/effect +\+900 %, between \+\d+.* at every look \(95 %\)/);
    expect(out).toMatch(/verdict +harmed: would be rolled back/);
    expect(out).toMatch(/split +not checked: give the configured shares with --split/);
  });

  it('leave out who met both arms of one stage, and say how many', async () => {
    const both = ['c0,treatment,s1,error,500,500', 'c1,treatment,s2,error,1,0'];
    const { out } = await analyze(file('both.csv', ...small(), ...both), '--json');
    expect(JSON.parse(out)).toMatchObject({
      visitors: 1_199,
      leftOut: 1,
      stages: ['s1', 's2'],
      metrics: [{ stages: [{ stage: 's1', control: { n: 899 }, treatment: { n: 300 } }] }],
    });
  });

  it('are checked for the split of stages that they have', async () => {
    const both = ['x,control,s2,error,1,0', 'x,treatment,s2,error,1,0'];
    const path = file('stages.csv', ...small(), ...both);
    expect((await analyze(path, '--split', 's1=0.25,s2=0.5')).code).toBe(0);
    const { code, err } = await analyze(path, '--split', 's9=0.25');
    expect(code).toBe(2);
    expect(err).toContain('--split names "s9", and the file has "s1", "s2"');
  });

  it('become one JSON document', async () => {
    const path = file('json.csv', ...small());
    const { out } = await analyze(path, '--json', '--split', 's1=0.25');
    expect(JSON.parse(out)).toMatchObject({
      rows: 1_200,
      visitors: 1_200,
      stages: ['s1'],
      sampleRatio: { treatment: 300, total: 1_200, expected: 300, broken: false },
      metrics: [
        {
          metric: 'error',
          users: { control: 900, treatment: 300 },
          stages: [{ stage: 's1', weight: 1, control: { rate: 0.01 }, treatment: { rate: 0.1 } }],
          effect: { kind: 'effect', scale: 'log_ratio', tau: 0.3 },
          verdict: { result: 'fail', amber: false },
        },
      ],
    });
  });

  it('are read whatever their order, quotes, columns and line ends', async () => {
    const columns = ['note', ...HEADER.split(',').toReversed()].join(',');
    const rows = small()
      .slice(1)
      .toReversed()
      .map((row) => `"a ""quoted""\nnote",${row.split(',').toReversed().join(',')}`);
    const plain = await analyze(file('plain.csv', ...small()), '--json');
    const odd = file('odd.csv');
    writeFileSync(odd, `\uFEFF${[columns, ...rows, ''].join('\r\n')}`);
    const result = z.object({ metrics: z.array(z.object({ effect: z.unknown() })) });
    const read = async (path: string) =>
      result.parse(JSON.parse((await analyze(path, '--json')).out));
    expect(await read(odd)).toEqual(result.parse(JSON.parse(plain.out)));
  });

  it('of a metric nobody knows are shown and not judged, unless a rule is given', async () => {
    const rows = [
      HEADER,
      ...arm('control', 300, 60, 'signup'),
      ...arm('treatment', 300, 20, 'signup'),
    ];
    const path = file('signup.csv', ...rows);
    expect((await analyze(path)).out).toMatch(
      /verdict +shown, not judged: no rule for this metric/,
    );
    const rule = { harmIs: 'less', tau: 0.2, tauDifference: 0.04, baseline: 0.2, tolerance: 0.02 };
    const rules = file('rules.json', JSON.stringify({ signup: rule }));
    expect((await analyze(path, '--rules', rules)).out).toMatch(
      /verdict +harmed: would be rolled back/,
    );
  });

  it('with a broken split conclude nothing', async () => {
    const path = file(
      'split.csv',
      HEADER,
      ...arm('control', 1_000, 9),
      ...arm('treatment', 700, 6),
    );
    expect((await analyze(path, '--split', 's1=0.5')).out).toMatch(
      /split +BROKEN, conclude nothing/,
    );
  });
});

describe('what can’t be analysed', () => {
  it('is named by line', async () => {
    const path = file(
      'malformed.csv',
      HEADER,
      'v1,control,s1,error,1,0',
      'v2,variant,s1,error,1,0',
      'v3,control,s1,error,1',
      '',
      'v4,control,s1,error,one,-1',
      ',control,s1,error,1,NaN',
    );
    const { code, out, err } = await analyze(path);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('line 3: arm must be control or treatment, not "variant"');
    expect(err).toContain('line 4: 6 columns expected, 5 came');
    expect(err).toContain(
      'line 6: n must be a number of zero or more, not "one", y must be a number of zero or more, not "-1"',
    );
    expect(err).toContain(
      'line 7: visitor is empty, y must be a number of zero or more, not "NaN"',
    );
  });

  it('is counted where there is too much to name', async () => {
    const bad = Array.from({ length: 25 }, (_, index) => `v${index},x,s1,error,1,0`);
    const { err } = await analyze(file('many.csv', HEADER, ...bad), '--json');
    const { error } = z.object({ error: z.unknown() }).parse(JSON.parse(err));
    expect(error).toMatchObject({ code: 'malformed_rows', details: { malformed: 25 } });
    expect(err).toContain('; and 15 more');
  });

  it.each([
    ['', /it is empty; its header must be visitor,arm,stage,metric,n,y/],
    ['visitor,arm,n,y\na,control,1,1', /must name the columns .*; stage, metric missing from/],
    [HEADER, /it holds no rows below its header/],
    [`${HEADER}\n"v1,control,s1,error,1,1`, /line \d+: Quote Not Closed/],
  ])('is refused with what was expected: %j', async (content, message) => {
    const { code, err } = await analyze(file('refused.csv', content));
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  it('is a file that is not there, or rules that are none', async () => {
    expect((await analyze(inFolder('absent.csv'))).err).toMatch(
      /^Cannot read .*absent\.csv: ENOENT/,
    );
    const path = file('fine.csv', ...small());
    const rules = file('bad-rules.json', '{"signup":{"harmIs":"sideways"}}');
    expect((await analyze(path, '--rules', rules)).err).toMatch(
      /holds no usable rules: signup\.harmIs/,
    );
    expect((await analyze(path, '--split', 's1=2')).code).toBe(2);
  });

  it('is one arm: said per metric, with no verdict', async () => {
    const { code, out } = await analyze(file('one.csv', HEADER, ...arm('control', 200, 20)));
    expect(code).toBe(0);
    expect(out).toMatch(/effect +no stage has observations in both arms/);
    expect(out).toMatch(/verdict +not enough to say/);
  });
});

describe('the page', () => {
  it('holds no script, loads nothing, and shows names as text', async () => {
    const name = '<script>alert(1)</script>';
    const rows = small().map((row) => row.replace(',s1,error,', `,<b>s1</b>,${name},`));
    const page = inFolder('page.html');
    const { out } = await analyze(file('page.csv', ...rows), '--page', page);
    expect(out).toContain(`The page is in ${page}.`);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain("default-src 'none'; style-src 'sha256-");
    expect(html).not.toMatch(/<script|<b>|\bhref=|\bsrc=|style="|NaN|undefined/);
    expect(html.match(/<svg/g)).toHaveLength(2);
  });

  it('says where it could not be written', async () => {
    const { code, err } = await analyze(file('a.csv', ...small()), '--page', '/nonexistent/a.html');
    expect(code).toBe(1);
    expect(err).toMatch(/^Cannot write \/nonexistent\/a\.html: ENOENT/);
  });
});
