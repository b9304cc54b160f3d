/**
 * The tree as the rules see it: every text file, and every TypeScript file parsed. Parsing is the
 * compiler's own (its API reads the files from memory, without types and libraries, so the whole
 * tree takes a fraction of a second).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

/** What a rule reports; printed as `file:line: rule: sentence`. */
export interface Finding {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export interface Source {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly ast: SourceFile;
  /** Tests and their fakes: `test/**`, `*.test.ts`, `*.long.ts`. */
  readonly isTest: boolean;
}

export interface Project {
  /** Every file by path; '' for one that is not text. */
  readonly texts: ReadonlyMap<string, string>;
  /** The TypeScript files among them. */
  readonly sources: readonly Source[];
}

export type Rule = (project: Project) => Finding[];

const SKIPPED = new Set(['node_modules', 'dist', '.git', 'logs', 'bench-results']);
const ROOT = '/project';

/** Reads all text files below `folder` but what .gitignore leaves out. */
export function readTexts(folder: string): Map<string, string> {
  const texts = new Map<string, string>();
  const visit = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) visit(path);
      if (!entry.isFile() || entry.name.endsWith('.log')) continue;
      const text = readFileSync(join(folder, path), 'utf8');
      // A picture has no text to judge, but pages link to it.
      texts.set(path, text.includes('\0') ? '' : text);
    }
  };
  visit('');
  return texts;
}

export function parseProject(texts: ReadonlyMap<string, string>): Project {
  const paths = [...texts.keys()].filter((path) => /^(src|test|bench|tools)\/.*\.tsx?$/.test(path));
  const options = { noLib: true, noResolve: true, noEmit: true, types: [], jsx: 'preserve' };
  const config = { compilerOptions: options, files: paths };
  const files: Record<string, string> = { [`${ROOT}/tsconfig.json`]: JSON.stringify(config) };
  for (const path of paths) files[`${ROOT}/${path}`] = texts.get(path)!;
  const api = new API({ cwd: ROOT, fs: createVirtualFileSystem(files) });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [`${ROOT}/tsconfig.json`] });
    const program = snapshot.getProjects()[0]!.program;
    const sources = paths.map((path) => ({
      path,
      text: texts.get(path)!,
      ast: program.getSourceFile(`${ROOT}/${path}`)!,
      isTest: /^test\/|\.(test|long)\.ts$/.test(path),
    }));
    return { texts, sources };
  } finally {
    api.close();
  }
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
  }
  return line;
}

export function lineOf(source: Source, node: Node): number {
  return lineAt(source.text, node.getStart(source.ast));
}

/** Calls `see` for every node of the file, parents first. */
export function walk(source: Source, see: (node: Node) => void): void {
  const visit = (node: Node): void => {
    see(node);
    node.forEachChild(visit);
  };
  source.ast.forEachChild(visit);
}
