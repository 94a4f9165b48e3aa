// Entry of `npm run simulate`: starts a product of its own, lets simulated visitors use it for some
// weeks, and prints what it learned. Exit status 0 done, 1 something failed, 2 wrong usage,
// 130 stopped by Ctrl-C. The result goes to stdout, everything else to stderr.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explain } from '../local/errors.ts';
import { type Arguments, readArguments, UsageError } from './arguments.ts';
import { BankError, readBank } from './bank.ts';
import { chartSvg } from './chart.ts';
import { stderrProgress, stopwatch } from './progress.ts';
import { type Result, reportText, resultJson } from './report.ts';
import { homeFor, setStage, strike } from './stage.ts';
import { runWeeks } from './weeks.ts';

const DEFAULT_BANK = fileURLToPath(new URL('banks/sre.json', import.meta.url));

async function simulate(options: Arguments, signal: AbortSignal): Promise<void> {
  const progress = stderrProgress();
  const watch = stopwatch();
  const bankFile = options.bank === undefined ? DEFAULT_BANK : resolve(options.bank);
  const bank = await readBank(bankFile);
  const nowMs = Date.now();
  const home = homeFor(options.model, nowMs);
  progress.line(`simulating ${options.weeks} weeks of ${options.visits} visits in ${home}`);
  const { model, seed } = options;
  try {
    const stack = await setStage({ model, bankFile, seed, home, progress, watch, signal });
    try {
      const died = stack.died.then((sentence) => Promise.reject(new Error(sentence)));
      const loop = runWeeks({
        url: stack.url,
        operatorToken: stack.operatorToken,
        bank,
        weeks: options.weeks,
        visits: options.visits,
        seed,
        nowMs,
        progress,
        watch,
        signal,
      });
      const outcome = await Promise.race([loop, died]);
      const result = { ...outcome, model, seed, bank: bank.name, seconds: watch.seconds() };
      publish(result, home, options.json);
    } finally {
      await stack.stop();
    }
  } finally {
    if (!options.keep) strike(home);
  }
}

function publish(result: Result, home: string, json: boolean): void {
  const picture = join(home, 'weeks.svg');
  writeFileSync(picture, chartSvg(result));
  writeFileSync(join(home, 'weeks.txt'), `${reportText(result)}\n`);
  writeFileSync(join(home, 'weeks.json'), `${resultJson(result)}\n`);
  const text = `${reportText(result)}\nPicture: ${picture}\n`;
  if (json) process.stderr.write(text);
  process.stdout.write(json ? `${resultJson(result)}\n` : text);
}

async function main(): Promise<number> {
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  try {
    const options = readArguments(process.argv.slice(2));
    // A listener, not an exit: what was started is stopped on the way out.
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    await simulate(options, stopped.signal);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof BankError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    if (stopped.signal.aborted) {
      process.stderr.write('Stopped; everything that was started has ended.\n');
      return 130;
    }
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

process.exit(await main());
