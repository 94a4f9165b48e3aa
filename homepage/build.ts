// Bundles the demo page, the operators' console, the API's description and the widget into dist/pages/,
// which the Worker serves as static assets. Run by `npm run build:pages`; the pages load nothing from anywhere else.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { referencePage } from '../core/openapi/page.ts';
import { bundleOf, common, root, widgetBundle } from './bundles.ts';

const out = join(root, 'dist', 'pages');

// No inline script or style anywhere, so the strictest policy holds for every page.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
].join('; ');

const headers = `/*
  Content-Security-Policy: ${policy}
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Permissions-Policy: camera=(), microphone=(), geolocation=()
  Strict-Transport-Security: max-age=31536000
  Cache-Control: no-cache

# Other people's pages load it, also those that isolate themselves or check its integrity.
/widget.js
  Cross-Origin-Resource-Policy: cross-origin
  Access-Control-Allow-Origin: *
`;

const pages = [
  {
    script: 'homepage/demo/main.tsx',
    style: 'homepage/demo/demo.css',
    html: 'homepage/demo/index.html',
    to: '',
    name: 'demo',
  },
  {
    script: 'console/main.tsx',
    style: 'console/console.css',
    html: 'console/index.html',
    to: 'console',
    name: 'console',
  },
] as const;

export async function buildPages(): Promise<{ bytes: Record<string, number> }> {
  await rm(out, { recursive: true, force: true });
  const bytes: Record<string, number> = {};
  for (const page of pages) {
    const folder = join(out, page.to);
    await mkdir(folder, { recursive: true });
    const result = await build({
      ...common,
      entryPoints: { [page.name]: page.script, [`${page.name}.style`]: page.style },
      outdir: folder,
      entryNames: '[name]',
      write: false,
    });
    for (const file of result.outputFiles) {
      const path = file.path.replace(`${page.name}.style.css`, `${page.name}.css`);
      await writeFile(path, file.contents);
      bytes[path.slice(out.length + 1)] = file.contents.length;
    }
    await cp(join(root, page.html), join(folder, 'index.html'));
  }
  const reference = join(out, 'docs');
  await mkdir(reference);
  await writeFile(join(reference, 'index.html'), referencePage());
  const style = await bundleOf({ entryPoints: ['homepage/docs/docs.css'] });
  await writeFile(join(reference, 'docs.css'), style);
  const widget = await bundleOf(widgetBundle);
  await writeFile(join(out, 'widget.js'), widget);
  bytes['widget.js'] = widget.length;
  await writeFile(join(out, '_headers'), headers);
  return { bytes };
}

if (import.meta.main) {
  const { bytes } = await buildPages();
  for (const [file, size] of Object.entries(bytes)) {
    console.log(`dist/pages/${file}  ${(size / 1024).toFixed(1)} KiB`);
  }
}
