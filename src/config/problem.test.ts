/** The printed form of a problem. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem, type Problem, printable } from './problem.ts';

const PROBLEM: Problem = {
  file: 'config.yaml',
  line: 12,
  column: 5,
  path: 'routing.stratgy',
  message: 'unknown key',
  severity: 'error',
};

test('a problem prints as file:line:column, path, sentence and suggestion', () => {
  assert.equal(
    formatProblem({ ...PROBLEM, suggestion: 'strategy' }),
    'config.yaml:12:5: routing.stratgy: unknown key; did you mean "strategy"?',
  );
});

test('a problem of a whole file prints without line, column and path', () => {
  const problem = { ...PROBLEM, line: 0, column: 0, path: '', message: 'cannot be read' };
  assert.equal(formatProblem(problem), 'config.yaml: cannot be read');
});

test('a problem is one line whatever the file says', () => {
  const line = formatProblem({ ...PROBLEM, path: 'a\nb\u2028c\u001b[31m', suggestion: 'x\r\n' });
  assert.doesNotMatch(line, /[\u0000-\u001f\u2028]/);
  assert.match(line, /a\\u000ab\\u2028c\\u001b\[31m/);
});

test('a long text is cut', () => {
  assert.equal(printable('x'.repeat(500), 10), `${'x'.repeat(10)}…`);
});
