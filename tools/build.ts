/**
 * Bundles the product to dist/: one file for the main thread (CLI, control plane and the pages of
 * the web dashboard) one for the worker threads (data plane), so a worker loads no library of
 * the control plane, and one for the thread that reads the configuration.
 */
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { buildPage } from './build/page.ts';
import { without } from './build/without.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

await build({
  entryPoints: {
    main: 'src/main.ts',
    worker: 'src/proxy/worker.ts',
    'bench-worker': 'src/bench/worker.ts',
    loader: 'src/config/loader.ts',
    top: 'src/cli/top.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node22.12',
  format: 'esm',
  sourcemap: true,
  legalComments: 'linked',
  // What ink would load for its own developers.
  plugins: [without('react-devtools-core')],
  define: {
    'process.env.NODE_ENV': '"production"',
    LLM_ROUTER_VERSION: JSON.stringify(version),
    LLM_ROUTER_PAGE: JSON.stringify(await buildPage()),
  },
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: {
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
  },
});
