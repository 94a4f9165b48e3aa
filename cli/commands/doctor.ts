/**
 * `bruno doctor`: runs every check and says what to mend. It changes nothing.
 */
import type { Check } from '../doctor/check.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { projectChecks } from '../doctor/project-checks.ts';
import { stackChecks } from '../doctor/stack-checks.ts';
import { page, table } from '../layout.ts';
import type { Command } from '../outcome.ts';

export const doctor: Command = async ({ client, settings, io }) => {
  const checks = [
    ...(await machineChecks(settings, io)),
    ...(await projectChecks(io, settings.url)),
    ...(await stackChecks(client)),
  ];
  const failed = checks.filter((check) => check.result === 'fail');
  const outcome = { document: { ok: failed.length === 0, checks }, text: report(checks) };
  if (failed.length === 0) return outcome;
  const message = `${failed.length} of ${checks.length} checks failed: ${failed.map((one) => one.name).join(', ')}`;
  return { ...outcome, failure: { code: 'unwell', message } };
};

function report(checks: readonly Check[]): string {
  const lines = table(
    [{ title: 'result' }, { title: 'check' }, { title: 'found', max: 160 }],
    checks.map((check) => [check.result, check.name, check.found]),
    '',
  );
  const todo = checks.flatMap((check) => (check.todo === null ? [] : [[check.name, check.todo]]));
  if (todo.length === 0) return lines;
  return page(lines, table([{ title: 'mend' }, { title: 'how', max: 120 }], todo, ''));
}
