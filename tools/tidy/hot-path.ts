/**
 * What files that start with `// HOT PATH` may not do, because it allocates or defers for every
 * chunk of every stream. What a module does once, when it is loaded, is free: only the bodies of
 * functions count. The header names the bench that guards the file.
 */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { type Finding, lineOf, type Project, type Source, walk } from './project.ts';

const MARK = '// HOT PATH';
const SLOW_METHODS = new Set(['map', 'filter', 'forEach']);

export function hotPath({ sources, texts }: Project): Finding[] {
  return sources
    .filter(({ text, isTest }) => text.startsWith(MARK) && !isTest)
    .flatMap((source) => [...benchOf(source, texts), ...bodiesOf(source)]);
}

function benchOf(source: Source, texts: ReadonlyMap<string, string>): Finding[] {
  const report = (message: string): Finding[] => {
    return [{ file: source.path, line: 1, rule: 'hot-path', message }];
  };
  const header = source.text.slice(0, source.ast.statements[0]?.getStart(source.ast) ?? 0);
  const bench = /\bbench: (bench\/[\w./-]+\.ts)/.exec(header)?.[1];
  if (bench === undefined) return report('the header names no bench ("bench: bench/x.ts")');
  return texts.has(bench) ? [] : report(`the bench ${bench} does not exist`);
}

function bodiesOf(source: Source): Finding[] {
  const findings: Finding[] = [];
  walk(source, (node) => {
    const what = costOf(node, source);
    if (what === '' || !isInFunction(node)) return;
    const message = `${what} on the hot path`;
    findings.push({ file: source.path, line: lineOf(source, node), rule: 'hot-path', message });
  });
  return findings;
}

function costOf(node: Node, source: Source): string {
  switch (node.kind) {
    case SyntaxKind.SpreadElement:
    case SyntaxKind.SpreadAssignment:
      return 'a spread';
    case SyntaxKind.AwaitExpression:
      return 'await';
    case SyntaxKind.AsyncKeyword:
      return 'async';
    case SyntaxKind.GetAccessor:
      return 'a getter';
  }
  if (is.isParameterDeclaration(node)) return node.dotDotDotToken ? 'a rest parameter' : '';
  if (is.isNewExpression(node)) {
    const name = node.expression.getText(source.ast);
    return name === 'Promise' || name === 'Proxy' ? `new ${name}` : '';
  }
  if (!is.isPropertyAccessExpression(node)) return '';
  const name = node.name.text;
  if (node.expression.getText(source.ast) === 'JSON') return `JSON.${name}`;
  const isCalled = is.isCallExpression(node.parent) && node.parent.expression === node;
  return isCalled && SLOW_METHODS.has(name) ? `.${name}()` : '';
}

function isInFunction(node: Node): boolean {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) {
    if (
      is.isFunctionDeclaration(at) ||
      is.isFunctionExpression(at) ||
      is.isArrowFunction(at) ||
      is.isMethodDeclaration(at) ||
      is.isConstructorDeclaration(at) ||
      is.isGetAccessorDeclaration(at) ||
      is.isSetAccessorDeclaration(at)
    ) {
      return true;
    }
  }
  return false;
}
