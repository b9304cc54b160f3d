/**
 * What the pages say is true of the code: links and paths exist, examples of configuration load,
 * and no flag, option or route that they name is unknown or forgotten. (The generated pages have
 * checks of their own.)
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { VERBS } from '../src/cli/verbs.ts';
import { parseEndpoints, parseMain } from '../src/config/parse.ts';
import { formatProblem, type Problem } from '../src/config/problem.ts';
import { SECTIONS } from '../src/config/schema.ts';
import { findRoute } from '../src/openai/routes.ts';

const ROOT = resolve(import.meta.dirname, '..');
const PAGES = ['*.md', 'docs/**/*.md'].flatMap((glob) => globSync(glob, { cwd: ROOT })).sort();
const GUIDES = ['README.md', 'README.zh.md', 'docs/quick-start.md', 'docs/quick-start.zh.md'];

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** Code does not count: what stands there is an example, not a link. */
function prose(page: string): string {
  return read(page).replace(/^```[\s\S]*?^```|`[^`\n]+`/gm, '');
}

/** The anchors that GitHub gives to the headings of a page. */
function anchors(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);
  const kept = /[^\p{L}\p{N} _-]/gu;
  return new Set(headings.map((text) => text.toLowerCase().replace(kept, '').replaceAll(' ', '-')));
}

/** Fenced blocks of a language. */
function blocks(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return [...read(page).matchAll(fence)].map((match) => match[1]!);
}

test('every relative link leads to a file, and to a heading where it names one', () => {
  const broken: string[] = [];
  let links = 0;
  for (const page of PAGES) {
    for (const [, link] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link!)) continue;
      links++;
      const [path, anchor] = link!.split('#');
      const target = path === '' ? page : join(dirname(page), path!);
      if (!existsSync(join(ROOT, target))) broken.push(`${page}: ${link}`);
      else if (anchor !== undefined && !anchors(target).has(decodeURIComponent(anchor))) {
        broken.push(`${page}: ${link} names no heading`);
      }
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(links > 30, `only ${links} links were found`);
});

test('every flag is explained, and the flags of the examples exist', () => {
  const text = PAGES.map(read).join('\n');
  const known = Object.values(VERBS).flatMap(({ flags }) => flags.map(({ name }) => name));
  for (const name of known) assert.match(text, new RegExp(`\`-${name}[ \`]`), name);
  for (const verb of Object.keys(VERBS)) assert.match(text, new RegExp(`llm-router ${verb}\\b`));
  const lines = GUIDES.flatMap((page) => blocks(page, 'sh')).join('\n');
  for (const [, flag] of lines.matchAll(/^(?:\.\/run\.sh|bin\/llm-router) -([a-z-]+)/gm)) {
    assert.ok(known.includes(flag!), `-${flag}`);
  }
});

test('every example of configuration loads without a remark', () => {
  const found = { main: 0, endpoints: 0 };
  for (const page of GUIDES) {
    for (const text of blocks(page, 'yaml')) {
      const file = /^# (\S+)/.exec(text)?.[1] ?? '';
      const problems = problemsOf(text, file, found);
      assert.deepEqual(problems.map(formatProblem), [], `${page}: ${file}`);
    }
  }
  assert.ok(found.main >= 4 && found.endpoints >= 6, JSON.stringify(found));
});

/** The first line of an example names its file, and so what it is. */
function problemsOf(
  text: string,
  file: string,
  found: { main: number; endpoints: number },
): readonly Problem[] {
  if (file === 'config.yaml') {
    found.main++;
    return parseMain(text, file).problems;
  }
  const source = /^configs\/(openai|self_deployed)_config\.yaml$/.exec(file)?.[1];
  assert.ok(source !== undefined, `the example does not say which file it is: ${text}`);
  const { value = [], problems } = parseEndpoints(text, file, source, { OPENAI_API_KEY: 'key' });
  found.endpoints += value.length;
  return problems;
}

test('both languages show the same examples', () => {
  const withoutRemarks = (text: string) => text.replace(/ +#.*$/gm, '');
  for (const page of ['README', 'docs/quick-start']) {
    for (const language of ['yaml', 'sh', 'python']) {
      const english = blocks(`${page}.md`, language).map(withoutRemarks);
      const chinese = blocks(`${page}.zh.md`, language).map(withoutRemarks);
      assert.deepEqual(chinese, english, `${page}: ${language}`);
    }
  }
});

test('every file and folder of the project that a page names exists', () => {
  const missing: string[] = [];
  let named = 0;
  for (const page of PAGES.filter((name) => name !== 'CONTRIBUTING.md')) {
    const paths = read(page).matchAll(/`((?:src|bench|tools|test|bin|docs)\/[\w./-]*)[^`]*`/g);
    for (const [, path] of paths) {
      named++;
      if (!existsSync(join(ROOT, path!))) missing.push(`${page}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(named > 100, `only ${named} paths were found`);
});

test('every method that ARCHITECTURE.md names exists in the class it names', () => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(read);
  const named = [...read('ARCHITECTURE.md').matchAll(/`([A-Z]\w+)\.(#?[a-z]\w+)`/g)];
  assert.ok(named.length > 20, `only ${named.length} methods were found`);
  for (const [, owner, method] of named) {
    const source = sources.find((text) => text.includes(`class ${owner} `));
    assert.ok(source !== undefined, `no class ${owner}`);
    const declared = new RegExp(`^ {2}(async |readonly )?${method}(\\(| = )`, 'm');
    assert.match(source, declared, `${owner}.${method}`);
  }
});

test('the map of ARCHITECTURE.md has every file of src/, or the folder it lies in', () => {
  const named = new Set(
    [...read('ARCHITECTURE.md').matchAll(/`(src\/[^`]+)`/g)].map(([, n]) => n!),
  );
  const files = globSync('src/**/*.{ts,tsx}', { cwd: ROOT });
  assert.ok(files.length > 300, `only ${files.length} files were found`);
  const left = files
    .filter((file) => !/(\.test|\.fake|-fixture)\.tsx?$/.test(file))
    .filter((file) => !named.has(file) && !foldersOf(file).some((folder) => named.has(folder)));
  assert.deepEqual(left, []);
});

/** `src/a/b.ts` lies in `src/a/`; the row of a folder speaks for all files below it. */
function foldersOf(file: string): string[] {
  const parts = dirname(file).split('/');
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`).slice(1);
}

test('every option that a page names exists', () => {
  const sections = Object.values(SECTIONS);
  const known = sections.flatMap(({ key, options }) =>
    Object.values(options).map((option) => `${key}.${option.key}`),
  );
  const pattern = new RegExp(`\`((?:${sections.map(({ key }) => key).join('|')})\\.\\w+)\``, 'g');
  const unknown = PAGES.flatMap((page) =>
    [...read(page).matchAll(pattern)]
      .map((match) => match[1]!)
      .filter((path) => !known.includes(path) && !/\.(ts|yaml|sh)$/.test(path))
      .map((path) => `${page}: ${path}`),
  );
  assert.deepEqual(unknown, []);
});

test('every route that the README promises is served', () => {
  for (const page of ['README.md', 'README.zh.md']) {
    const routes = [...read(page).matchAll(/`(?:GET |POST )?(\/(?:v1\/[\w/{}]+|health|ready))`/g)];
    assert.ok(routes.length >= 14, `${page}: ${routes.length}`);
    for (const [, path] of routes) assert.ok(findRoute(path!) !== undefined, `${page}: ${path}`);
  }
});

test('every figure of the READMEs stands in the page that its row links', () => {
  for (const page of ['README.md', 'README.zh.md']) {
    const row = /^\|[^|]*\| ([^|]*\d[^|]*) \| \[[^\]]*\]\(([^)]+)\) \|$/gm;
    const rows = [...read(page).matchAll(row)].filter(([, , target]) => target !== undefined);
    assert.ok(rows.length >= 8, `${page}: ${rows.length}`);
    for (const [, cell, target] of rows) {
      const text = read(target!);
      for (const [figure] of cell!.replace(/`[^`]*`|p\d+/g, '').matchAll(/\d[\d,.]*\d|\d/g)) {
        assert.ok(text.includes(figure), `${page}: ${figure} is not in ${target}; mend the figure`);
      }
    }
  }
});

test('the decisions are numbered without a gap, and each says why and what follows', () => {
  const records = PAGES.filter((page) => page.startsWith('docs/decisions/'));
  assert.ok(records.length > 10);
  for (const [index, page] of records.entries()) {
    const number = index + 1;
    assert.ok(page.startsWith(`docs/decisions/${String(number).padStart(4, '0')}-`), page);
    assert.match(read(page), new RegExp(`^# 0*${number}\\.? [A-Z]`), page);
    assert.match(read(page), /^(## Decision$|\*\*Decision\.\*\* )/m, page);
  }
});
