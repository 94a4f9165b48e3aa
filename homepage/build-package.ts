// Makes the package `bruno-homepage` in homepage/dist/: bundles, style sheet, widget and types. Run by
// `npm run build:homepage`; `npm pack ./homepage` then gives a file that any project can install.
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleOf, packageBundles, root, widgetBundle } from './bundles.ts';

const TYPES_WITHIN_MS = 120_000;

export async function buildPackage(folder = join(root, 'homepage', 'dist')): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, options] of Object.entries({ ...packageBundles, 'widget.js': widgetBundle })) {
    await writeFile(join(folder, name), await bundleOf(options));
  }
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(root, 'homepage', 'tsconfig.package.json');
  const types = join(folder, 'types');
  await promisify(execFile)(process.execPath, [compiler, '-p', project, '--outDir', types], {
    timeout: TYPES_WITHIN_MS,
  });
}

if (import.meta.main) await buildPackage();
