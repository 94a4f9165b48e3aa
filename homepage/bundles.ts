// How the package's and the widget's bundles are made. Used by both builds and by the test that
// holds their sizes: what is measured is what is shipped.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
} satisfies BuildOptions;

/** The components without their renderer: the page brings its own React. */
export const packageBundles = {
  'client.js': { entryPoints: ['homepage/client/index.ts'] },
  'trackers.js': { entryPoints: ['homepage/client/trackers.ts'] },
  'react.js': {
    entryPoints: ['homepage/chat/index.ts'],
    external: ['react', 'react/jsx-runtime'],
    banner: { js: "'use client';" },
  },
  'style.css': { entryPoints: ['homepage/chat/chat.css'] },
} satisfies Record<string, BuildOptions>;

/** A style sheet as a string, with what it imports. */
const styleAsText: Plugin = {
  name: 'style-as-text',
  setup(builder) {
    builder.onLoad({ filter: /widget\.css$/ }, async ({ path }) => {
      const contents = await bundleOf({ entryPoints: [path] });
      return { contents, loader: 'text' };
    });
  },
};

/** Everything in one classic script: components, styles and a renderer. */
export const widgetBundle = {
  entryPoints: ['homepage/widget/widget.tsx'],
  format: 'iife',
  plugins: [styleAsText],
  alias: {
    react: join(root, 'homepage/widget/preact-react.ts'),
    'react-dom/client': join(root, 'homepage/widget/preact-dom.ts'),
    'react/jsx-runtime': 'preact/jsx-runtime',
  },
} satisfies BuildOptions;

export async function bundleOf(options: BuildOptions): Promise<Uint8Array> {
  const { outputFiles } = await build({ ...common, ...options, write: false });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild wrote no file: name one entry point.');
  return file.contents;
}
