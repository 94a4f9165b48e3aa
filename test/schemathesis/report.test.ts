// That a failure in the report can't be read as a pass.

import { expect, test } from 'vitest';
import { readReport } from './report.ts';

test('failures, errors and skips are wrong, a bare case is well, and an absent one is not there', () => {
  const report = readReport(`<testsuites><testsuite>
    <testcase name="GET /a" time="1.0" />
    <testcase name="GET /b" time="1.0"><failure type="failure" message="m">is &lt;500&gt;</failure></testcase>
    <testcase name="GET /c" time="1.0"><error type="error" message="broke"/></testcase>
    <testcase name="GET /d/{id}" time="1.0">
      <skipped message="not asked"/>
    </testcase>
    <testcase name="GET /b" time="1.0"/>
  </testsuite></testsuites>`);
  expect(report.get('GET /a')).toEqual([]);
  expect(report.get('GET /b')).toEqual(['failure: is <500>']);
  expect(report.get('GET /c')).toEqual(['error: ']);
  expect(report.get('GET /d/{id}')).toEqual(['skipped: ']);
  expect(report.get('GET /e')).toBeUndefined();
});
