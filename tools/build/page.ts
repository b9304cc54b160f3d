/**
 * Builds the web dashboard: one script, one style sheet, the page and its icon, each compressed
 * once and for all. They go into the bundle of the main thread, so the product stays two files.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { leanUplot } from './lean-uplot.ts';

const SOURCE = 'src/faces/dashboard';

/** As `src/control/page-routes.ts` serves it. */
export interface BuiltFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  /** gzip, as base64. */
  readonly content: string;
}

export async function buildPage(): Promise<BuiltFile[]> {
  const { outputFiles } = await build({
    entryPoints: { app: `${SOURCE}/main.tsx`, style: `${SOURCE}/style/app.css` },
    outdir: 'dist',
    bundle: true,
    minify: true,
    charset: 'utf8',
    plugins: [leanUplot],
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    supported: { 'color-functions': true },
  });
  const built = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.contents;
  return [
    file('/', 'text/html; charset=utf-8', readFileSync(`${SOURCE}/index.html`)),
    file('/app.js', 'text/javascript; charset=utf-8', built('app.js')),
    file('/app.css', 'text/css; charset=utf-8', built('style.css')),
    file('/favicon.svg', 'image/svg+xml', readFileSync(`${SOURCE}/favicon.svg`)),
  ];
}

function file(path: string, type: string, bytes: Uint8Array): BuiltFile {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return { path, type, etag: `"${hash}"`, content: compressed(bytes).toString('base64') };
}

/** Blocks of the default size are not the best ones for a script: another is 2 % smaller. */
function compressed(bytes: Uint8Array): Buffer {
  return [5, 6, 7, 8, 9]
    .map((memLevel) => gzipSync(bytes, { level: 9, memLevel }))
    .reduce((best, one) => (one.length < best.length ? one : best));
}
