import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyAllowances } from './comments.ts';
import { noDeadExports } from './dead-exports.ts';
import { hotPath } from './hot-path.ts';
import { importRules, noBarrels, noCycles } from './import-rules.ts';
import { marks } from './marks.ts';
import { names } from './names.ts';
import { parseProject, type Rule } from './project.ts';
import { purity } from './purity.ts';
import { fileSizes, functionSizes } from './shape.ts';
import { brokenLinks, machineTies } from './texts.ts';

type Files = Readonly<Record<string, string>>;

/** `file:line: rule` of everything the rule reports for a small tree. */
function run(rule: Rule, files: Files): string[] {
  const project = parseProject(new Map(Object.entries(files)));
  const findings = applyAllowances(project, rule(project));
  return findings.map(({ file, line, rule: name }) => `${file}:${line}: ${name}`);
}

/** One test a sample: what the rule reports for one file. */
function samples(rule: Rule, path: string, rows: Readonly<Record<string, string[]>>): void {
  for (const [text, expected] of Object.entries(rows)) {
    const verb = expected.length === 0 ? 'passes' : 'refuses';
    test(`${verb} ${JSON.stringify(text.slice(0, 70))}`, () => {
      assert.deepEqual(run(rule, { [path]: text }), expected);
    });
  }
}

describe('import rules', () => {
  const from = (path: string, specifier: string) =>
    run(importRules, { [path]: `import { a } from '${specifier}';\na;` });
  const refused = (path: string, specifier: string) =>
    assert.deepEqual(from(path, specifier), [`${path}:1: imports`], `${path} → ${specifier}`);
  const passes = (path: string, specifier: string) =>
    assert.deepEqual(from(path, specifier), [], `${path} → ${specifier}`);

  test('let the pure folders import only core', () => {
    passes('src/http1/a.ts', '../core/b.ts');
    passes('src/core/retry/a.ts', '../b.ts');
    refused('src/core/a.ts', '../http1/b.ts');
    refused('src/http1/a.ts', '../openai/b.ts');
    refused('src/core/a.ts', 'node:fs');
    refused('src/openai/a.ts', 'zod');
  });

  test('keep the planes apart', () => {
    passes('src/proxy/worker.ts', '../net/b.ts');
    refused('src/proxy/worker.ts', '../config/b.ts');
    refused('src/proxy/a.ts', '../control/b.ts');
    refused('src/control/a.ts', '../proxy/b.ts');
    passes('src/main.ts', './proxy/b.ts');
    passes('src/cli/a.ts', '../control/b.ts');
    refused('src/core/a.ts', '../main.ts');
  });

  test('let faces see the status snapshot and nothing else', () => {
    passes('src/faces/tui/a.ts', '../../control/status.ts');
    refused('src/faces/tui/a.ts', '../../control/prober.ts');
    refused('src/faces/a.ts', '../core/b.ts');
  });

  test('keep packages out of the data plane', () => {
    passes('src/proxy/a.ts', 'node:net');
    refused('src/proxy/a.ts', 'pino');
    passes('src/observe/a.ts', 'pino');
  });

  test('let tests import anything, and the product no tests', () => {
    passes('src/core/a.test.ts', '../../test/fakes/b.ts');
    refused('src/core/a.ts', '../../test/fakes/b.ts');
  });

  test('see dynamic imports, re-exports and import types', () => {
    const files = {
      'src/core/a.ts':
        "await import('../net/a.ts');\nexport { b } from '../net/b.ts';\n" +
        "export type C = import('../net/c.ts').C;",
    };
    assert.deepEqual(run(importRules, files), [
      'src/core/a.ts:1: imports',
      'src/core/a.ts:2: imports',
      'src/core/a.ts:3: imports',
    ]);
  });

  test('ask for a row for a new folder', () => {
    assert.deepEqual(run(importRules, { 'src/new/a.ts': 'export {};' }), [
      'src/new/a.ts:1: imports',
    ]);
  });
});

describe('cycles', () => {
  const line = (to: string) => `import type { A } from './${to}.ts';\nexport type B = A;\n`;

  test('are found, once each, also among types', () => {
    const files = {
      'src/core/a.ts': line('b'),
      'src/core/b.ts': line('c'),
      'src/core/c.ts': line('a'),
      'src/core/d.ts': line('a'),
    };
    assert.deepEqual(run(noCycles, files), ['src/core/a.ts:1: cycle']);
  });

  test('are not seen in a diamond', () => {
    const files = {
      'src/core/a.ts': `${line('b')}import { C } from './c.ts';\nC;`,
      'src/core/b.ts': line('d'),
      'src/core/c.ts': line('d'),
      'src/core/d.ts': 'export type A = 1;',
    };
    assert.deepEqual(run(noCycles, files), []);
  });
});

describe('barrels', () => {
  samples(noBarrels, 'src/core/a.ts', {
    "export * from './b.ts';": ['src/core/a.ts:1: barrel'],
    "import { b } from './b.ts';\nexport { b };": ['src/core/a.ts:1: barrel'],
    "export { b } from './b.ts';\nexport const c = 1;": [],
    "import './b.ts';": [],
  });
});

describe('dead exports', () => {
  const dead = ['src/core/a.ts:1: dead-export'];
  const check = (text: string, others: Files) =>
    run(noDeadExports, { 'src/core/a.ts': text, ...others });

  test('are those that nobody imports', () => {
    assert.deepEqual(check('export const a = 1;', {}), dead);
    assert.deepEqual(check('export const { a, b: [c] } = x;', {}), [...dead, ...dead]);
    assert.deepEqual(check('export default function a() {}', {}), dead);
    assert.deepEqual(check('const a = 1;\nexport { a };', {}), ['src/core/a.ts:2: dead-export']);
    const user = { 'src/main.ts': "import { b } from './core/a.ts';\nb;" };
    assert.deepEqual(check('export const a = 1, b = 2;', user), dead);
    assert.deepEqual(check('export const b = 1;', user), []);
  });

  test('live through namespaces, dynamic imports, import types and thread entries', () => {
    for (const text of [
      "import * as all from './core/a.ts';\nall;",
      "await import('./core/a.ts');",
      "export type X = import('./core/a.ts').a;",
      "new Worker(new URL('./core/a.ts', import.meta.url));",
    ]) {
      assert.deepEqual(check('export const a = 1;', { 'src/main.ts': text }), [], text);
    }
  });

  test('that only tests import must say so', () => {
    const user = { 'src/core/a.test.ts': "import { a } from './a.ts';\na;" };
    assert.deepEqual(check('export const a = 1;', user), dead);
    assert.deepEqual(check('/** A seam for tests. */\nexport const a = 1;', user), []);
    assert.deepEqual(check('/** For tests, never used. */\nexport const a = 1;', {}), [
      'src/core/a.ts:2: dead-export',
    ]);
  });

  test('live as the type that another export mentions', () => {
    assert.deepEqual(check('export interface A {}\nexport function f(a: A) {}', {}), [
      'src/core/a.ts:2: dead-export',
    ]);
  });

  test('live as members of a family of constants', () => {
    const user = { 'src/main.ts': "import { STATE_UP } from './core/a.ts';\nSTATE_UP;" };
    const text = 'export const STATE_DOWN = 0;\nexport const STATE_UP = 1;';
    assert.deepEqual(check(text, user), []);
    assert.equal(check(text, {}).length, 2);
  });

  test('are no matter in what is started from outside', () => {
    assert.deepEqual(run(noDeadExports, { 'src/main.ts': 'export const a = 1;' }), []);
    assert.deepEqual(run(noDeadExports, { 'tools/x.ts': 'export const a = 1;' }), []);
    assert.equal(run(noDeadExports, { 'tools/x/y.ts': 'export const a = 1;' }).length, 1);
  });
});

describe('sizes', () => {
  const lines = (n: number) => 'a;\n'.repeat(n);
  const body = (n: number) => `function f() {\n${lines(n - 2)}}\n`;

  test('of a file end at 400 lines', () => {
    assert.deepEqual(run(fileSizes, { 'src/core/a.ts': lines(400) }), []);
    assert.deepEqual(run(fileSizes, { 'src/core/a.ts': lines(401) }), [
      'src/core/a.ts:1: file-lines',
    ]);
    assert.deepEqual(run(fileSizes, { 'README.md': lines(401) }), []);
  });

  test('of a line end at 100 columns', () => {
    assert.deepEqual(run(fileSizes, { 'run.sh': `ok\n${'x'.repeat(100)}\n` }), []);
    assert.deepEqual(run(fileSizes, { 'run.sh': `ok\n${'x'.repeat(101)}\n` }), [
      'run.sh:2: columns',
    ]);
  });

  test('of a function end at 60 lines, its comment left out', () => {
    const comment = `/*${lines(20)}*/\n`;
    assert.deepEqual(run(functionSizes, { 'src/core/a.ts': comment + body(60) }), []);
    assert.deepEqual(run(functionSizes, { 'src/core/a.ts': body(61) }), [
      'src/core/a.ts:1: function-lines',
    ]);
  });

  test('of a suite have no end, those of its tests do', () => {
    const suite = (name: string) => `${name}('x', () => {\n${lines(70)}});\n`;
    assert.deepEqual(run(functionSizes, { 'src/core/a.test.ts': suite('describe') }), []);
    assert.equal(run(functionSizes, { 'src/core/a.test.ts': suite('test') }).length, 1);
    assert.equal(run(functionSizes, { 'src/core/a.ts': suite('describe') }).length, 1);
  });

  samples(functionSizes, 'src/core/a.ts', {
    'function f(a, b, c, d, e) {}': ['src/core/a.ts:1: parameters'],
    'interface A {\n  m(a, b, c, d, e): void;\n}': ['src/core/a.ts:2: parameters'],
    'class A {\n  constructor(a, b, c, d, e) {}\n}': ['src/core/a.ts:2: parameters'],
    'function f(a, b, c, d) {}': [],
    'x.replace(/y/, (a, b, c, d, e) => a);': [],
  });
});

describe('names', () => {
  const bad = ['src/core/a.ts:1: name'];
  samples(names, 'src/core/a.ts', {
    'class PoolManager {}': bad,
    'const http_utils = 1;': bad,
    'function parseHelper() {}': bad,
    'interface A { commonPart: string }': bad,
    'const { misc } = x;': bad,
    'const utilisation = 1, manage = 2, uncommon = 3;': [],
    "import util from 'node:util';": [],
    'use(x.manager);': [],
  });

  test('cover file names', () => {
    assert.deepEqual(run(names, { 'docs/misc.md': '' }), ['docs/misc.md:1: name']);
  });
});

describe('marks', () => {
  const bad = ['test/a.test.ts:1: mark'];
  samples(marks, 'test/a.test.ts', {
    '// TODO later': bad,
    'a; /* FIXME */': bad,
    '// @ts-ignore': bad,
    '// @ts-expect-error': bad,
    'test.only("a", () => {});': bad,
    'describe.skip("a", () => {});': bad,
    'test("a", { skip: true }, () => {});': bad,
    'test("a", (t) => t.skip());': bad,
    "const a = '// TODO', b = `// TODO ${x} // TODO`, c = /[/]/; // fine": [],
    '// @ts-expect-error: the library forgot it': [],
    'test("a", { skip: "no data here" }, () => {});': [],
    'test("a", (t) => t.skip("no data here"));': [],
    'iterator.skip(3);': [],
  });
});

describe('purity', () => {
  const bad = ['src/core/a.ts:1: purity'];
  samples(purity, 'src/core/a.ts', {
    'f(Date.now());': bad,
    'f(Math.random());': bad,
    'f(performance.now());': bad,
    'setTimeout(f, 1);': bad,
    'f(new Date());': bad,
    'f(process.env);': bad,
    'f(Math.max(1, 2), new Date(0), Date.UTC(2000));': [],
    '// Date.now() would be wrong here': [],
  });

  test('is not asked of other folders or of tests', () => {
    assert.deepEqual(run(purity, { 'src/net/a.ts': 'Date.now();' }), []);
    assert.deepEqual(run(purity, { 'src/core/a.test.ts': 'Date.now();' }), []);
  });
});

describe('hot path', () => {
  const header = '// HOT PATH\n// bench: bench/x.ts\n';
  const check = (body: string, files: Files = { 'bench/x.ts': '' }) =>
    run(hotPath, { 'src/net/a.ts': header + body, ...files });
  const bad = ['src/net/a.ts:3: hot-path'];

  for (const body of [
    'f([...a]);',
    'f({ ...a });',
    'a.map(f);',
    'a.filter(f);',
    'a.forEach(f);',
    'JSON.parse(a);',
    'new Promise(f);',
    'new Proxy(a, b);',
  ]) {
    test(`refuses ${body} in a function and passes it at load`, () => {
      assert.deepEqual(check(`function g() { ${body} }`), bad);
      assert.deepEqual(check(body), []);
    });
  }

  for (const body of ['async function f() {}', 'class A { get a() { return 1; } }']) {
    test(`refuses ${body}`, () => assert.deepEqual(check(body), bad));
  }

  test('refuses rest parameters', () => {
    assert.deepEqual(check('function f(...a) {}'), bad);
  });

  test('wants a bench that exists', () => {
    assert.deepEqual(check('', {}), ['src/net/a.ts:1: hot-path']);
    assert.deepEqual(run(hotPath, { 'src/net/a.ts': '// HOT PATH\nf();' }), [
      'src/net/a.ts:1: hot-path',
    ]);
  });

  test('leaves other files alone', () => {
    assert.deepEqual(run(hotPath, { 'src/net/a.ts': 'function f() { a.map(g); }' }), []);
  });
});

describe('allowances', () => {
  const text = (comment: string) => `${comment}\nDate.now();\n`;
  const check = (comment: string) => run(purity, { 'src/core/a.ts': text(comment) });

  test('silence one rule on the line below', () => {
    assert.deepEqual(check('// tidy allows purity: a constant taken at load'), []);
    assert.deepEqual(check('// tidy allows purity: a constant taken\n// at load'), []);
  });

  test('need a reason', () => {
    assert.deepEqual(check('// tidy allows purity'), ['src/core/a.ts:1: allowance']);
  });

  test('silence no other rule, and must silence something', () => {
    assert.deepEqual(check('// tidy allows columns: a constant taken at load'), [
      'src/core/a.ts:2: purity',
      'src/core/a.ts:1: allowance',
    ]);
  });
});

describe('texts', () => {
  const host = ['registry', 'npmjs', 'org'].join('.');
  const path = `/${'home'}/someone/x`;

  test('name no registry', () => {
    assert.deepEqual(run(machineTies, { '.npmrc': `a\nurl=${host}` }), ['.npmrc:2: machine']);
  });

  test('name no path of one machine', () => {
    assert.deepEqual(run(machineTies, { 'a.md': `see ${path}` }), ['a.md:1: machine']);
    assert.deepEqual(run(machineTies, { 'a.md': `x${path} https://h${path} ./tmp/x` }), []);
  });

  test('link only to what exists', () => {
    const files = {
      'docs/a.md':
        '[ok](b.md#part) [up](../README.md) [dir](../docs) [web](https://x.org)\n[no](c.md)',
      'docs/b.md': '`[code](no.md)`\n```\n[code](no.md)\n```\n[here](#part)\n[ref]: gone.md',
      'README.md': '',
    };
    assert.deepEqual(run(brokenLinks, files), ['docs/a.md:2: link', 'docs/b.md:6: link']);
  });
});
