/**
 * An export that nobody imports is dead. One that only tests import is dead too, unless the
 * comment on it says so (it must contain the word "test" or "tests"): then it is a seam that was
 * meant. The roots are what something outside the module graph starts.
 *
 * Two kinds live through others of their file: a type that the declaration of another export
 * mentions, and a constant of a family (`PROBE_UP`, `PROBE_DOWN`) of which one member is imported.
 */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { importsOf } from './modules.ts';
import { type Finding, lineOf, type Project, type Source } from './project.ts';

const ROOTS =
  /^(src\/(main\.ts|proxy\/worker\.ts|faces\/dashboard\/main\.tsx)|(bench|tools)\/[^/]+\.ts)$/;

interface Export {
  readonly name: string;
  readonly line: number;
  readonly isSeam: boolean;
  readonly isType: boolean;
  /** The whole statement, to look for mentions in. */
  readonly text: string;
}

export function noDeadExports({ sources }: Project): Finding[] {
  const uses = usesOf(sources);
  return sources.flatMap((source) => {
    if (ROOTS.test(source.path)) return [];
    const { byProduct, byTests } = uses.get(source.path) ?? NO_USES;
    const exports = exportsOf(source);
    return exports.flatMap((one) => {
      if (lives(one, exports, source.isTest ? byTests : byProduct)) return [];
      const isTested = lives(one, exports, byTests);
      if (isTested && one.isSeam) return [];
      const message = isTested
        ? `only tests import ${one.name}: its comment must say so ("for tests")`
        : `nobody imports ${one.name}`;
      return [{ file: source.path, line: one.line, rule: 'dead-export', message }];
    });
  });
}

function lives(one: Export, exports: readonly Export[], used: ReadonlySet<string>): boolean {
  if (used.has(one.name) || used.has('*')) return true;
  if (one.isType) {
    const mention = new RegExp(`\\b${one.name}\\b`);
    return exports.some(({ name, text }) => name !== one.name && mention.test(text));
  }
  const family = /^[A-Z][A-Z0-9]*_/.exec(one.name)?.[0];
  return (
    family !== undefined && exports.some(({ name }) => name.startsWith(family) && used.has(name))
  );
}

interface Uses {
  readonly byProduct: Set<string>;
  readonly byTests: Set<string>;
}

const NO_USES: Uses = { byProduct: new Set(), byTests: new Set() };

function usesOf(sources: readonly Source[]): Map<string, Uses> {
  const uses = new Map<string, Uses>();
  for (const source of sources) {
    for (const { target, names } of importsOf(source)) {
      const entry = uses.get(target) ?? { byProduct: new Set(), byTests: new Set() };
      uses.set(target, entry);
      for (const name of names) (source.isTest ? entry.byTests : entry.byProduct).add(name);
    }
  }
  return uses;
}

function exportsOf(source: Source): Export[] {
  return source.ast.statements.flatMap((statement) => {
    const comment = source.text.slice(statement.pos, statement.getStart(source.ast));
    const isSeam = /\btests?\b/i.test(comment);
    const line = lineOf(source, statement);
    const isType = is.isInterfaceDeclaration(statement) || is.isTypeAliasDeclaration(statement);
    const text = source.text.slice(statement.getStart(source.ast), statement.end);
    return exportedNames(statement).map((name) => ({ name, line, isSeam, isType, text }));
  });
}

function exportedNames(statement: Node): string[] {
  if (is.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause === undefined || !is.isNamedExports(clause)) return [];
    return clause.elements.map(({ name }) => name.text);
  }
  if (is.isExportAssignment(statement)) return ['default'];
  const modifiers: SyntaxKind[] = [];
  statement.forEachChild((child) => {
    modifiers.push(child.kind);
  });
  if (!modifiers.includes(SyntaxKind.ExportKeyword)) return [];
  if (modifiers.includes(SyntaxKind.DefaultKeyword)) return ['default'];
  if (is.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  if (
    is.isFunctionDeclaration(statement) ||
    is.isClassDeclaration(statement) ||
    is.isInterfaceDeclaration(statement) ||
    is.isTypeAliasDeclaration(statement)
  ) {
    return statement.name === undefined ? [] : [statement.name.text];
  }
  return [];
}

/** Names of `a`, `{ b, c: d }` and `[e]`. */
function boundNames(name: Node): string[] {
  if (is.isIdentifier(name)) return [name.text];
  const names: string[] = [];
  name.forEachChild((element) => {
    if (is.isBindingElement(element) && element.name) names.push(...boundNames(element.name));
  });
  return names;
}
