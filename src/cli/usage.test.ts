import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemText, usageText } from './usage.ts';
import { VERBS } from './verbs.ts';

test('names every command and every flag of serve', () => {
  const text = usageText();
  for (const verb of Object.keys(VERBS)) assert.match(text, new RegExp(`^  ${verb} `, 'm'));
  for (const { name } of VERBS.serve.flags) assert.match(text, new RegExp(`^  -${name} `, 'm'));
});

test('keeps every line within 80 columns', () => {
  for (const line of usageText().split('\n')) assert.ok(line.length <= 80, line);
});

test('prints one line a problem and where to read on', () => {
  assert.equal(
    problemText('serve', ['First.', 'Second.']),
    'llm-router: First.\nllm-router: Second.\nTry llm-router --help.\n',
  );
  assert.match(problemText('sim', ['Bad.']), /Try llm-router sim --help\./);
});
