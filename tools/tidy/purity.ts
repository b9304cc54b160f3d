/**
 * The pure folders read no clock, no randomness and no process: their callers pass these in, so
 * that every rule of the domain can be tested at any time and with any luck.
 */
import type { Node } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { folderOf, PURE } from './import-rules.ts';
import { type Finding, lineOf, type Project, walk } from './project.ts';

const IMPURE_MEMBERS = /^(Date\.now|Math\.random|performance\.\w+|crypto\.\w+|process\.\w+)$/;
const IMPURE_CALLS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
]);

export function purity({ sources }: Project): Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    const folder = folderOf(source.path);
    if (!PURE.has(folder) || source.isTest) continue;
    walk(source, (node) => {
      const what = impurity(node, (part) => part.getText(source.ast));
      if (what === '') return;
      const message = `${folder} is pure: let the caller pass in what ${what} gives`;
      findings.push({ file: source.path, line: lineOf(source, node), rule: 'purity', message });
    });
  }
  return findings;
}

function impurity(node: Node, textOf: (node: Node) => string): string {
  if (is.isPropertyAccessExpression(node)) {
    const text = textOf(node);
    return IMPURE_MEMBERS.test(text) ? text : '';
  }
  if (is.isCallExpression(node) && is.isIdentifier(node.expression)) {
    return IMPURE_CALLS.has(node.expression.text) ? node.expression.text : '';
  }
  if (is.isNewExpression(node) && textOf(node.expression) === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : '';
  }
  return '';
}
