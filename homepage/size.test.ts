// What a visitor has to load. Sizes are in bytes as they travel, gzipped; the limits are promises of
// docs/homepage.md.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleOf, packageBundles, widgetBundle } from './bundles.ts';

const gzipped = async (options: Parameters<typeof bundleOf>[0]) =>
  gzipSync(await bundleOf(options), { level: 9 }).length;

describe('the bundles', () => {
  it('keep the trackers alone under 4 kB', async () => {
    expect(await gzipped(packageBundles['trackers.js'])).toBeLessThan(4_000);
  });
  it('keep components and styles without React under 35 kB', async () => {
    const script = await gzipped(packageBundles['react.js']);
    const style = await gzipped(packageBundles['style.css']);
    expect(script + style).toBeLessThan(35_000);
  });
  it('keep the whole widget, styles and renderer and all, under 35 kB', async () => {
    const widget = await gzipped(widgetBundle);
    expect(widget).toBeLessThan(35_000);
    // Not an empty shell either.
    expect(widget).toBeGreaterThan(15_000);
  });
});
