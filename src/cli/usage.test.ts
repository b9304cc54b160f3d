import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemText, usageText, verbUsageText } from './usage.ts';
import { VERBS, type Verb, type VerbRow } from './verbs.ts';

test('names every command and every flag of serve', () => {
  const text = usageText();
  for (const verb of Object.keys(VERBS)) assert.match(text, new RegExp(`^  ${verb} `, 'm'));
  for (const { name } of VERBS.serve.flags) assert.match(text, new RegExp(`^  -${name} `, 'm'));
});

test('keeps every line within 80 columns', () => {
  for (const line of usageText().split('\n')) assert.ok(line.length <= 80, line);
});

test('gives a command a page with its own flags and no others', () => {
  for (const [verb, row] of Object.entries<VerbRow>(VERBS)) {
    const lines = verbUsageText(verb as Verb).split('\n');
    const shown = lines.flatMap((line) => /^ {2}-([\w-]+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(shown, [...row.flags.map(({ name }) => name), 'help', 'version'], verb);
    for (const line of lines) assert.ok(line.length <= 80, line);
  }
  assert.match(verbUsageText('status'), /LLM_ROUTER_TOKEN/);
  assert.doesNotMatch(verbUsageText('check'), /LLM_ROUTER_TOKEN/);
});

test('prints one line a problem and where to read on', () => {
  assert.equal(
    problemText('serve', ['First.', 'Second.']),
    'llm-router: First.\nllm-router: Second.\nTry llm-router --help.\n',
  );
  assert.match(problemText('status', ['Bad.']), /Try llm-router status --help\./);
});
