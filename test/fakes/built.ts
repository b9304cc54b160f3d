/**
 * Whole-process tests run what users run: the bundle. This tells when the bundle is not what the
 * sources say, so that nobody judges yesterday's code.
 */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '..', '..');
export const LAUNCHER = join(PROJECT, 'bin', 'llm-router');

const BUNDLES = ['main.js', 'worker.js', 'bench-worker.js'].map((name) =>
  join(PROJECT, 'dist', name),
);
let sources: readonly string[] | undefined;

/** Throws one clear sentence when dist/ is missing or older than a source it was made of. */
export function assertBuilt(): void {
  const builtMs = Math.min(...BUNDLES.map(modifiedMs));
  if (builtMs < 0) throw new Error('dist/ is not built: run node tools/build.ts.');
  sources ??= BUNDLES.flatMap(sourcesOf);
  for (const source of sources) {
    const changedMs = modifiedMs(source);
    if (changedMs < 0 || changedMs > builtMs) {
      throw new Error(`dist/ is not made of the present ${source}: run node tools/build.ts.`);
    }
  }
}

/** The project's own files in a bundle, by its source map. */
function sourcesOf(bundle: string): string[] {
  const map = JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as { sources: string[] };
  const own = map.sources.filter((source) => source.startsWith('../src/'));
  return own.map((source) => resolve(PROJECT, 'dist', source));
}

/** -1 = there is no such file. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}
