/**
 * Comments of a file, and the allowances written in them: `// tidy allows RULE: reason` silences
 * that rule on its own line and on the first line of code below. An allowance without a reason is
 * a finding, and so is one that silences nothing.
 */
import { SyntaxKind } from 'typescript/unstable/ast';
import { type Finding, lineAt, type Project, type Source, walk } from './project.ts';

export interface Comment {
  readonly line: number;
  readonly text: string;
}

const LITERALS = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateHead,
  SyntaxKind.TemplateMiddle,
  SyntaxKind.TemplateTail,
  SyntaxKind.RegularExpressionLiteral,
]);

/** Slashes begin a comment wherever they are not within a literal. */
export function commentsOf(source: Source): Comment[] {
  const { text } = source;
  const skipTo = new Map<number, number>();
  walk(source, (node) => {
    if (LITERALS.has(node.kind)) skipTo.set(node.getStart(source.ast), node.end);
  });
  const comments: Comment[] = [];
  for (let at = 0; at < text.length; ) {
    const literalEnd = skipTo.get(at);
    const isLine = text.startsWith('//', at);
    if (literalEnd !== undefined && literalEnd > at) {
      at = literalEnd;
    } else if (isLine || text.startsWith('/*', at)) {
      const found = text.indexOf(isLine ? '\n' : '*/', at + 2);
      const end = found === -1 ? text.length : found + (isLine ? 0 : 2);
      comments.push({ line: lineAt(text, at), text: text.slice(at, end) });
      at = end;
    } else {
      at++;
    }
  }
  return comments;
}

interface Allowance {
  readonly file: string;
  readonly line: number;
  readonly lastLine: number;
  readonly rule: string;
  readonly reason: string;
}

/** Takes out the findings that a comment allows, and adds those about the allowances. */
export function applyAllowances(project: Project, findings: readonly Finding[]): Finding[] {
  const used = new Set<Allowance>();
  const allowances = project.sources.flatMap(allowancesOf);
  const kept = findings.filter((finding) => {
    const match = allowances.find(
      ({ file, line, lastLine, rule }) =>
        file === finding.file &&
        rule === finding.rule &&
        finding.line >= line &&
        finding.line <= lastLine,
    );
    if (match !== undefined) used.add(match);
    return match === undefined;
  });
  for (const allowance of allowances) {
    const { file, line, reason } = allowance;
    const add = (message: string) => kept.push({ file, line, rule: 'allowance', message });
    if (reason.length < 10) add('an allowance says why after a colon');
    else if (!used.has(allowance)) add('the allowance silences nothing: remove it');
  }
  return kept;
}

function allowancesOf(source: Source): Allowance[] {
  const lines = source.text.split('\n');
  return commentsOf(source).flatMap(({ line, text }) => {
    const match = /^\/\/ tidy allows ([\w-]+):?\s*(.*)$/.exec(text);
    if (match === null) return [];
    let lastLine = line + 1;
    while (/^\s*\/\//.test(lines[lastLine - 1] ?? '')) lastLine++;
    return [{ file: source.path, line, lastLine, rule: match[1]!, reason: match[2]! }];
  });
}
