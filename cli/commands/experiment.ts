/**
 * `bruno experiment analyze`: judges any experiment's rows by the rules of rollouts. It reads files and needs no
 * stack; what a row means is in docs/experiment-csv.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, OperationError } from '../errors.ts';
import { analyzeExperiment, parseSplit, type Rules, rulesSchema } from '../experiment-analysis.ts';
import { readExperiment } from '../experiment-rows.ts';
import { argument, type Command, textOption } from '../outcome.ts';
import { experimentHtml } from '../views/experiment-html.ts';
import { experimentPage } from '../views/experiment-view.ts';

export const analyzeFile: Command = async (call) => {
  const path = argument(call, 0);
  const split = textOption(call.options, 'split');
  const shares = split === undefined ? null : parseSplit(split);
  const rules = readRules(textOption(call.options, 'rules'));
  const page = textOption(call.options, 'page');
  const document = analyzeExperiment(await readExperiment(path), rules, shares);
  if (page === undefined) return { document, text: experimentPage(document) };
  writePage(page, experimentHtml(document, `Experiment ${basename(path)}`));
  return { document, text: `${experimentPage(document)}\n\nThe page is in ${page}.` };
};

function readRules(path: string | undefined): Rules {
  if (path === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw new OperationError(
      { code: 'unreadable', message: `Cannot read the rules in ${path}: ${messageOf(thrown)}` },
      thrown,
    );
  }
  const result = rulesSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`,
  );
  const message = `${path} holds no usable rules: ${problems.join('; ')}`;
  throw new OperationError({ code: 'bad_rules', message });
}

function writePage(path: string, html: string): void {
  try {
    writeFileSync(path, html);
  } catch (thrown) {
    throw new OperationError(
      { code: 'unwritable', message: `Cannot write ${path}: ${messageOf(thrown)}` },
      thrown,
    );
  }
}
