/**
 * Sizes: a file has one idea, a function fits a screen, a line fits a window, and nobody counts
 * positional arguments.
 */
import type { Node } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { type Finding, lineAt, lineOf, type Project, type Source, walk } from './project.ts';

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 60;
const MAX_COLUMNS = 100;
const MAX_PARAMETERS = 4;
const CODE = /\.(tsx?|sh|js|css)$|^bin\/|^\.ci\//;

export function fileSizes({ texts }: Project): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of texts) {
    if (!CODE.test(file)) continue;
    const lines = text.replace(/\n$/, '').split('\n');
    if (lines.length > MAX_FILE_LINES) {
      const message = `${lines.length} lines: a file ends at ${MAX_FILE_LINES}`;
      findings.push({ file, line: 1, rule: 'file-lines', message });
    }
    for (const [index, content] of lines.entries()) {
      const columns = [...content].length;
      if (columns <= MAX_COLUMNS) continue;
      const message = `${columns} columns: a line ends at ${MAX_COLUMNS}`;
      findings.push({ file, line: index + 1, rule: 'columns', message });
    }
  }
  return findings;
}

export function functionSizes({ sources }: Project): Finding[] {
  const findings: Finding[] = [];
  for (const source of sources) {
    const file = source.path;
    walk(source, (node) => {
      const parameters = parametersOf(node);
      if (parameters === undefined) return;
      const line = lineOf(source, node);
      const lines = lineAt(source.text, node.end) - line + 1;
      if (lines > MAX_FUNCTION_LINES && !isSuite(source, node)) {
        const message = `${lines} lines: a function ends at ${MAX_FUNCTION_LINES}`;
        findings.push({ file, line, rule: 'function-lines', message });
      }
      if (parameters.length > MAX_PARAMETERS && !isArgument(node)) {
        const message = `${parameters.length} parameters: take an object beyond ${MAX_PARAMETERS}`;
        findings.push({ file, line, rule: 'parameters', message });
      }
    });
  }
  return findings;
}

/** Parameters of anything with a body or a promise of one; undefined for all other nodes. */
function parametersOf(node: Node): readonly Node[] | undefined {
  if (
    is.isFunctionDeclaration(node) ||
    is.isFunctionExpression(node) ||
    is.isArrowFunction(node) ||
    is.isMethodDeclaration(node) ||
    is.isMethodSignatureDeclaration(node) ||
    is.isConstructorDeclaration(node) ||
    is.isGetAccessorDeclaration(node) ||
    is.isSetAccessorDeclaration(node)
  ) {
    return node.parameters;
  }
  return undefined;
}

/** Whoever calls a callback decides on its parameters. */
function isArgument(node: Node): boolean {
  return is.isCallExpression(node.parent) && node.parent.expression !== node;
}

/** The body of `describe` holds tests; each of them is a function of its own. */
function isSuite(source: Source, node: Node): boolean {
  if (!source.isTest || !is.isCallExpression(node.parent)) return false;
  return /^(describe|suite)\b/.test(node.parent.expression.getText(source.ast));
}
