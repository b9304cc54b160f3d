import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted, widthOf, wrapped } from './text-width.ts';

test('a text takes exactly the cells it is given', () => {
  for (const text of [
    '',
    'short',
    'a text that is too long',
    '模型名称很长很长',
    'e\u0301tude',
    '🚀 x',
  ]) {
    for (const cells of [1, 2, 3, 7, 20]) {
      for (const side of ['left', 'right'] as const) {
        assert.equal(widthOf(fitted(text, cells, side)), cells, `${text} in ${cells}`);
      }
    }
  }
  assert.equal(fitted('模型甲', 5), '模型…');
  assert.equal(fitted('模型甲', 4), '模… ');
  assert.equal(fitted('12', 4, 'right'), '  12');
});

test('nothing in a text acts on the terminal', () => {
  assert.equal(fitted('\u001b[31mred\u0007', 10), ' [31mred  ');
});

test('breaks sentences between words, and never loses one', () => {
  const text = 'See whether the engine runs, then check it again.';
  assert.deepEqual(wrapped(text, 24), ['See whether the engine', 'runs, then check it', 'again.']);
  assert.deepEqual(wrapped('检查 检查 a', 5), ['检查', '检查', 'a'], 'wide characters');
  assert.deepEqual(wrapped('', 5), ['']);
  assert.deepEqual(wrapped('longer-than-that', 5), ['longer-than-that']);
});
