/** Nasty YAML: what is read, what is refused, and where the refusal points. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatProblem } from './problem.ts';
import { FileReport, readTree, type Tree } from './yaml-tree.ts';

function read(text: string, duplicateKeys: 'error' | 'warning' = 'error') {
  const report = new FileReport('f.yaml');
  const tree = readTree(text, report, duplicateKeys);
  return { tree, lines: report.inOrder().map(formatProblem) };
}

function plain(tree: Tree | undefined): unknown {
  if (tree === undefined || tree.kind === 'scalar') return tree?.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, plain(entry.value)]));
}

const BOMB = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...['ab', 'bc', 'cd', 'de', 'ef', 'fg'].map(([from, to]) => {
    return `${to}: &${to} [${Array(10).fill(`*${from}`).join(', ')}]`;
  }),
].join('\n');

const ACCEPTED: readonly (readonly [name: string, text: string, value: unknown])[] = [
  ['an empty text', '', null],
  ['comments alone', '# nothing\n', null],
  ['a byte order mark', '\uFEFFa: 1\n', { a: 1 }],
  ['CRLF line ends', 'a: 1\r\nb:\r\n  c: x\r\n', { a: 1, b: { c: 'x' } }],
  ['YAML 1.1 booleans', 'a: yes\nb: Off\nc: "yes"', { a: true, b: false, c: 'yes' }],
  ['a date as text', 'a: 2024-05-06', { a: '2024-05-06' }],
  ['clock-like text as text', 'a: 12:30:45', { a: '12:30:45' }],
  ['a host with port as text', 'a: 10.0.0.1:8000', { a: '10.0.0.1:8000' }],
  ['null', 'a:\nb: ~\nc: null', { a: null, b: null, c: null }],
  ['an alias', 'a: &x [1]\nb: *x', { a: [1], b: [1] }],
  ['a redefined anchor', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
  [
    'a merge key',
    'a: &x {k: 1, l: 2}\nb:\n  l: 3\n  <<: *x',
    {
      a: { k: 1, l: 2 },
      b: { l: 3, k: 1 },
    },
  ],
  [
    'a list of merges, earlier first',
    'a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}',
    {
      a: { k: 1 },
      b: { k: 2, l: 2 },
      c: { k: 1, l: 2 },
    },
  ],
  ['a quoted << as a plain key', '"<<": 1', { '<<': 1 }],
];

for (const [name, text, value] of ACCEPTED) {
  test(`accepts ${name}`, () => {
    const { tree, lines } = read(text);
    assert.deepEqual(lines, []);
    assert.deepEqual(plain(tree), value);
  });
}

const REFUSED: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['a tab as indentation', 'a:\n\tb: 1', /^f\.yaml:2:1: .*tab/],
  ['a duplicate key', 'a: 1\nb: 2\na: 3', /^f\.yaml:3:1: "a" is given twice \(first in line 1\)$/],
  ['a nested duplicate key', 'x:\n  a: 1\n  a: 2', /^f\.yaml:3:3: "a" is given twice/],
  ['a custom tag', 'a: !ruby/object 1', /^f\.yaml:1:4: YAML tags/],
  ['a language tag', 'a: !!js/function "x"', /^f\.yaml:1:4: YAML tags/],
  ['a binary tag', 'a: !!binary aGk=', /^f\.yaml:1:4: YAML tags/],
  ['several documents', 'a: 1\n---\nb: 2', /^f\.yaml:2:1: .*several YAML documents/],
  ['an unfinished quote', 'a: "x\nb: 1\n', /^f\.yaml:\d+:\d+: /],
  ['an unfinished list', 'a: [1, 2\nb: 1', /^f\.yaml:\d+:\d+: /],
  ['an unknown alias', 'a: *x', /^f\.yaml:1:4: .*without anchor/],
  ['an alias inside its anchor', 'a: &x\n  b: *x', /^f\.yaml:2:6: .*inside its own anchor/],
  ['a bomb of aliases', BOMB, /expand to too many/],
  ['a list as a key', '? [a]\n: 1', /^f\.yaml:1:3: .*plain name/],
  ['a merge of a number', '<<: 1', /merge key/],
  ['a merge of a list of lists', 'a: &x [[]]\nb: {<<: *x}', /merge key/],
  ['65 levels', `${'['.repeat(66)}${']'.repeat(66)}`, /nested deeper than 64/],
  ['100,000 open brackets', '['.repeat(100_000), /nested too deep|nested deeper/],
  ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, /larger than 1048576 bytes/],
];

for (const [name, text, problem] of REFUSED) {
  test(`refuses ${name}`, () => {
    const { tree, lines } = read(text);
    assert.equal(tree, undefined);
    assert.match(lines[0]!, problem);
    assert.ok(lines.length <= 10, `${lines.length} lines for one fault`);
  });
}

test('a merge bomb is refused before it is expanded', () => {
  const wide = Array.from({ length: 2000 }, (_, index) => `k${index}: 1`).join(', ');
  const users = Array.from({ length: 2000 }, (_, index) => `u${index}: {<<: *w}`).join('\n');
  const { tree, lines } = read(`w: &w {${wide}}\n${users}`);
  assert.equal(tree, undefined);
  assert.deepEqual(lines.length, 1);
  assert.match(lines[0]!, /expand to too many/);
});

test('a duplicate key can be a warning, then the last one counts', () => {
  const { tree, lines } = read('a: 1\na: 2', 'warning');
  assert.deepEqual(plain(tree), { a: 2 });
  assert.match(lines[0]!, /given twice.*the last one counts/);
});

test('names from the language are keys like others', () => {
  const { tree } = read('__proto__: 1\nconstructor: 2\ntoString: 3');
  assert.equal(tree?.kind, 'map');
  assert.deepEqual(
    [...(tree?.kind === 'map' ? tree.entries.keys() : [])],
    ['__proto__', 'constructor', 'toString'],
  );
});

test('a message never quotes the text around a syntax error', () => {
  const faults = [
    'key: sk-canary: x',
    'k: "sk-canary',
    '@sk-canary',
    '- sk-canary\nk: 1',
    '}sk-canary{',
  ];
  for (const text of faults) {
    const { lines } = read(text);
    assert.ok(lines.length > 0, text);
    assert.doesNotMatch(lines.join('\n'), /canary/);
  }
});

test('never throws, whatever the text (2,000 runs, seed 7)', () => {
  const piece = fc.constantFrom(
    ...['a', ': ', '\n', '- ', '  ', '\t', '&x ', '*x', '<<: ', '[', ']', '{', '}', ',', '"', "'"],
    ...['|', '>', '#', '!', '%', '@', '---\n', '...\n', '? ', '\r\n', '\u0000', '\uFEFF', '0', '~'],
  );
  const texts = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(texts, (text) => {
      const { tree, lines } = read(text, 'warning');
      assert.ok(tree !== undefined || lines.length > 0);
    }),
    { numRuns: 2000, seed: 7 },
  );
});
