/**
 * `bruno doctor`: runs every check of this machine, or of a deployment, and says what to mend.
 */
import type { Check } from '../doctor/check.ts';
import { machineChecks } from '../doctor/machine-checks.ts';
import { projectChecks } from '../doctor/project-checks.ts';
import { stackChecks } from '../doctor/stack-checks.ts';
import { page, table } from '../layout.ts';
import { type Command, type CommandCall, textOption } from '../outcome.ts';

export const doctor: Command = async (call) => {
  const environment = textOption(call.options, 'deploy');
  const checks = environment === undefined ? await here(call) : await deployment(call, environment);
  const failed = checks.filter((check) => check.result === 'fail');
  const outcome = { document: { ok: failed.length === 0, checks }, text: report(checks) };
  if (failed.length === 0) return outcome;
  const message = `${failed.length} of ${checks.length} checks failed: ${failed.map((one) => one.name).join(', ')}`;
  return { ...outcome, failure: { code: 'unwell', message } };
};

const here = async ({ client, settings, io }: CommandCall): Promise<Check[]> => [
  ...(await machineChecks(settings, io)),
  ...(await projectChecks(io, settings.url)),
  ...(await stackChecks(client)),
];

async function deployment(call: CommandCall, environment: string): Promise<Check[]> {
  const { deployChecks } = await import('../doctor/deploy/index.ts');
  return deployChecks(call, environment);
}

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
