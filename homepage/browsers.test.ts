// Which browsers the bundles are made for, as docs/homepage.md says it: what is younger than those must
// not be called. The compiler lowers syntax, but adds no function that a browser lacks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleOf, packageBundles, root, widgetBundle } from './bundles.ts';

/** In none of Chrome 123, Firefox 121 and Safari 17.5, or not in all of them. */
const YOUNGER = [
  /\bURL\.parse\(/,
  /\bAbortSignal\.any\(/,
  /\bPromise\.try\(/,
  /\bRegExp\.escape\(/,
  /\bIterator\.from\(/,
  /\.(values|keys|entries)\(\)\.(map|filter|some|every|find|reduce|toArray|take|drop)\(/,
  /\.(union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(/,
  /\.(toBase64|toHex)\(|\bUint8Array\.from(Base64|Hex)\(/,
  /\bError\.isError\(/,
  /\bMath\.sumPrecise\(/,
  /\.getOrInsert(Computed)?\(/,
];

describe('the browsers that the chat is made for', () => {
  it.each(Object.entries({ ...packageBundles, 'widget.js': widgetBundle }))(
    'have all that %s calls',
    async (_name, options) => {
      const code = Buffer.from(await bundleOf(options)).toString();
      expect(YOUNGER.flatMap((call) => call.exec(code)?.[0] ?? [])).toEqual([]);
    },
  );
  it('are named in the guide', () => {
    const guide = readFileSync(join(root, 'docs', 'homepage.md'), 'utf8');
    expect(guide).toContain('Chrome and Edge 123, Firefox 121, Safari 17.5');
  });
});
