/**
 * The house's plan as data: which folder of src/ may import which, that the data plane loads no
 * packages, that there are no cycles and no files that only re-export.
 */
import { SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { type Import, importsOf } from './modules.ts';
import type { Finding, Project, Source } from './project.ts';

/** Folder of src/ → the folders (or single files) it may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  http1: ['core'],
  openai: ['core'],
  net: ['http1', 'core'],
  state: ['core'],
  proxy: ['core', 'http1', 'openai', 'net', 'state'],
  config: ['core'],
  observe: ['core', 'config'],
  control: ['core', 'config', 'state', 'openai', 'observe'],
  faces: ['control/status.ts', 'control/operator-route.ts'],
  sim: ['core', 'http1', 'openai', 'net', 'config'],
  simulate: ['core', 'sim', 'state'],
  bench: ['core', 'http1', 'openai', 'net', 'config'],
  deploy: ['core', 'http1', 'openai', 'net', 'config'],
  cli: ['*'],
  main: ['*'],
};

/** Rules of the domain: not even Node's own modules. */
export const PURE = new Set(['core', 'http1', 'openai']);
/** What a worker thread loads: Node's own modules, but no package. */
const WITHOUT_PACKAGES = new Set([...PURE, 'net', 'state', 'proxy']);

/** `src/core/retry/budget.ts` → core, `src/main.ts` → main, outside src → ''. */
export function folderOf(path: string): string {
  const match = /^src\/(?:([^/]+)\/|([^/]+)\.ts$)/.exec(path);
  return match?.[1] ?? match?.[2] ?? '';
}

export function importRules({ sources }: Project): Finding[] {
  const product = sources.filter(({ path, isTest }) => folderOf(path) !== '' && !isTest);
  return product.flatMap((source) => {
    const file = source.path;
    const folder = folderOf(file);
    if (!Object.hasOwn(MAY_IMPORT, folder)) {
      const message = `src/${folder} has no row in the import rules of tools/tidy/import-rules.ts`;
      return [{ file, line: 1, rule: 'imports', message }];
    }
    return importsOf(source)
      .filter(({ isImport }) => isImport)
      .flatMap((one) => {
        const message = problemOf(folder, one);
        return message === '' ? [] : [{ file, line: one.line, rule: 'imports', message }];
      });
  });
}

function problemOf(folder: string, { specifier, target }: Import): string {
  if (target === '') {
    if (specifier.startsWith('node:')) {
      return PURE.has(folder) ? `${folder} is pure and may not import ${specifier}` : '';
    }
    return WITHOUT_PACKAGES.has(folder) ? `${folder} may not load the package ${specifier}` : '';
  }
  const to = folderOf(target);
  if (to === '') return `the product may not import ${target}`;
  const allowed = MAY_IMPORT[folder]!;
  const inFolder = target.slice('src/'.length);
  const fine = to === folder || ['*', to, inFolder].some((entry) => allowed.includes(entry));
  return fine ? '' : `${folder} may not import ${to} (${target})`;
}

/** `import type` counts too: a circle of types is a circle of ideas. */
export function noCycles({ sources }: Project): Finding[] {
  const targets = new Map<string, string[]>();
  for (const source of sources) {
    const imports = importsOf(source).filter(({ isImport, target }) => isImport && target !== '');
    targets.set(
      source.path,
      imports.map(({ target }) => target),
    );
  }
  const findings: Finding[] = [];
  const reported = new Set<string>();
  for (const file of targets.keys()) {
    const cycle = reported.has(file) ? [] : shortestCycle(file, targets);
    if (cycle.length === 0) continue;
    for (const member of cycle) reported.add(member);
    const message = `import cycle: ${[...cycle, file].join(' → ')}`;
    findings.push({ file, line: 1, rule: 'cycle', message });
  }
  return findings;
}

/** Breadth first from `start` back to it. */
function shortestCycle(start: string, targets: ReadonlyMap<string, string[]>): string[] {
  const queue: string[][] = [[start]];
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const next of targets.get(path.at(-1)!) ?? []) {
      if (next === start) return path;
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...path, next]);
    }
  }
  return [];
}

export function noBarrels({ sources }: Project): Finding[] {
  const message = 'a file that only re-exports hides where things are: import from the source';
  return sources.filter(isBarrel).map(({ path }) => {
    return { file: path, line: 1, rule: 'barrel', message };
  });
}

function isBarrel({ ast }: Source): boolean {
  const only = ast.statements.every(
    (statement) =>
      is.isExportDeclaration(statement) || statement.kind === SyntaxKind.ImportDeclaration,
  );
  return only && ast.statements.some(is.isExportDeclaration);
}
