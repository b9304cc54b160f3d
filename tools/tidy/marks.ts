/**
 * Marks of unfinished work: notes to self in comments, silenced type errors, and tests that are
 * switched off or alone switched on.
 */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { commentsOf } from './comments.ts';
import { type Finding, lineOf, type Project, type Source, walk } from './project.ts';

const TEST_FUNCTIONS = /^(test|it|describe|suite)$/;
const NOTES = new RegExp(`\\b(${['TODO', 'FIXME', 'XXX'].join('|')})\\b`);

export function marks({ sources }: Project): Finding[] {
  return sources.flatMap((source) => [...inComments(source), ...inTests(source)]);
}

function inComments(source: Source): Finding[] {
  return commentsOf(source).flatMap(({ line, text }) => {
    const report = (message: string) => [{ file: source.path, line, rule: 'mark', message }];
    const note = NOTES.exec(text)?.[1];
    if (note !== undefined) return report(`${note}: do it, or write it where work is planned`);
    if (/^\/[/*]+\s*@ts-(ignore|nocheck)/.test(text)) {
      return report('use @ts-expect-error with a reason');
    }
    if (/^\/[/*]+\s*@ts-expect-error\W*$/.test(text)) {
      return report('@ts-expect-error says why');
    }
    return [];
  });
}

function inTests(source: Source): Finding[] {
  if (!source.isTest) return [];
  const findings: Finding[] = [];
  walk(source, (node) => {
    const message = switchOf(node);
    if (message === '') return;
    findings.push({ file: source.path, line: lineOf(source, node), rule: 'mark', message });
  });
  return findings;
}

/** `test.only(…)`, `test.skip(…)`, `t.skip()` and `{ skip: true }`, `{ only: true }`. */
function switchOf(node: Node): string {
  if (is.isPropertyAssignment(node) && is.isIdentifier(node.name)) {
    const isTrue = node.initializer.kind === SyntaxKind.TrueKeyword;
    return isTrue ? messageFor(node.name.text) : '';
  }
  if (!is.isCallExpression(node) || !is.isPropertyAccessExpression(node.expression)) return '';
  const { expression, name } = node.expression;
  if (!is.isIdentifier(expression)) return '';
  if (TEST_FUNCTIONS.test(expression.text)) return messageFor(name.text);
  const isContext = expression.text === 't' && node.arguments.length === 0;
  return isContext ? messageFor(name.text) : '';
}

function messageFor(name: string): string {
  if (name === 'only') return '"only" switches all other tests off';
  if (name === 'skip' || name === 'todo') return `"${name}" needs a reason: { ${name}: 'why' }`;
  return '';
}
