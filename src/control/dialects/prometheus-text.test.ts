import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasLine, samplesOf } from './prometheus-text.ts';

function valuesOf(text: string, name: string): number[] {
  return samplesOf(text, name).map((sample) => sample.value);
}

test('reads values in every notation the format knows', () => {
  const text = ['a 1', 'a 2.5e+03', 'a -0.5', 'a .5', 'a NaN', 'a +Inf', 'a -Inf'].join('\n');
  assert.deepEqual(valuesOf(text, 'a'), [
    1,
    2500,
    -0.5,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
});

test('takes no longer name, no comment and no name inside a line', () => {
  const text =
    '# HELP run x\n# TYPE run gauge\nrun_by_reason 1\nprerun 2\nother{l="run 3"} 4\nrun 5\n';
  assert.deepEqual(valuesOf(text, 'run'), [5]);
});

test('reads labels with escapes, blanks, a trailing comma and braces in values', () => {
  const text = 'm{a="x\\"y\\\\z\\n", b = "}{,=" ,} 7 1700000000\r\n';
  const [sample] = samplesOf(text, 'm');
  assert.equal(sample?.value, 7);
  assert.deepEqual(
    [...sample!.labels],
    [
      ['a', 'x"y\\z\n'],
      ['b', '}{,='],
    ],
  );
});

test('accepts leading blanks, a timestamp and an exemplar', () => {
  const text = '  m 1\n\tm 2 1700000000\nm 3 # {trace="x"} 1 2\n';
  assert.deepEqual(valuesOf(text, 'm'), [1, 2, 3]);
});

test('leaves out lines that are not understood', () => {
  const broken = ['m', 'm ', 'm{', 'm{a', 'm{a=1} 2', 'm{a="b} 3', 'm{a="b"', 'm{1a="b"} 4'];
  const text = [...broken, 'm 0x10', 'm 1 2 3', 'm{a="b" c="d"} 5', 'm 1_0', 'm 8'].join('\n');
  assert.deepEqual(valuesOf(text, 'm'), [8]);
});

test('never throws, whatever the page', () => {
  const piece = fc.constantFrom('m', '{', '}', '"', '=', ',', '\\', '\n', ' ', '1', 'e', '#', 'é');
  const pages = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(pages, (page) => {
      for (const sample of samplesOf(page, 'm')) assert.equal(typeof sample.value, 'number');
      hasLine(page, 'm');
    }),
    { seed: 11, numRuns: 2000 },
  );
});

test('reads back every sample that was written', () => {
  const value = fc.double({ noDefaultInfinity: true, noNaN: true }).map((number) => number + 0);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ maxLength: 8 }), value)), (written) => {
      const lines = written.map(([label, number]) => {
        const escaped = label.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
        return `m{l="${escaped.replaceAll('\n', '\\n')}",k="v"} ${number}`;
      });
      const read = samplesOf(`${lines.join('\n')}\n`, 'm');
      assert.deepEqual(
        read.map((one) => [one.labels.get('l'), one.value]),
        written,
      );
    }),
    { seed: 12, numRuns: 500 },
  );
});

test('a hostile page costs no more than its length', () => {
  const page = 'm{a'.repeat(200_000) + '\nm{a'.repeat(200_000);
  assert.deepEqual(samplesOf(page, 'm'), []);
});
