/**
 * Whole-process tests run what users run: the bundle. This tells when the bundle is not what the
 * sources say, so that nobody judges yesterday's code.
 */
import { globSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '..', '..');
export const LAUNCHER = join(PROJECT, 'bin', 'llm-router');

const BUNDLES = ['dist/main.js', 'dist/worker.js'];
/** Never part of a bundle. */
const TEST_ONLY = /\.test\.ts$|\.fake\.ts$|-fixture\.ts$/;

/** Throws one clear sentence when dist/ is missing or older than a source it is made of. */
export function assertBuilt(): void {
  const builtMs = Math.min(...BUNDLES.map(modifiedMs));
  if (builtMs < 0) throw new Error('dist/ is not built: run node tools/build.ts.');
  for (const source of globSync('src/**/*.ts', { cwd: PROJECT })) {
    if (!TEST_ONLY.test(source) && modifiedMs(source) > builtMs) {
      throw new Error(`dist/ is older than ${source}: run node tools/build.ts.`);
    }
  }
}

/** -1 = there is no such file. */
function modifiedMs(path: string): number {
  return statSync(join(PROJECT, path), { throwIfNoEntry: false })?.mtimeMs ?? -1;
}
