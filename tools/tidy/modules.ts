/**
 * Who imports what from whom: static and dynamic imports, re-exports, `import('x')` types and
 * files named by a relative URL (how a worker thread is started).
 */
import { posix } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { lineOf, type Source, walk } from './project.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Path of the imported file; '' for a package or one of Node's own modules. */
  readonly target: string;
  /** Imported names; `*` = all of them. */
  readonly names: readonly string[];
  /** False for a file that is only named, as a thread's entry is. */
  readonly isImport: boolean;
}

export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const add = (node: Node, names: readonly string[], isImport = true): void => {
    if (!is.isStringLiteral(node)) return;
    const specifier = node.text;
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(source.path), specifier)
      : '';
    imports.push({ specifier, line: lineOf(source, node), target, names, isImport });
  };
  walk(source, (node) => {
    if (is.isImportDeclaration(node)) {
      add(node.moduleSpecifier, importedNames(node));
    } else if (is.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node.moduleSpecifier, specifierNames(node.exportClause));
    } else if (is.isImportTypeNode(node) && is.isLiteralTypeNode(node.argument)) {
      const { qualifier } = node;
      const name = qualifier === undefined ? '*' : qualifier.getText(source.ast).split('.')[0]!;
      add(node.argument.literal, [name]);
    } else if (is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
      if (node.arguments[0] !== undefined) add(node.arguments[0], ['*']);
    } else if (is.isNewExpression(node) && node.expression.getText(source.ast) === 'URL') {
      const name = node.arguments?.[0];
      if (name !== undefined && /^['"]\..*\.ts['"]$/.test(name.getText(source.ast))) {
        add(name, ['*'], false);
      }
    }
  });
  return imports;
}

function importedNames(node: Node): string[] {
  if (!is.isImportDeclaration(node) || node.importClause === undefined) return [];
  const { name, namedBindings } = node.importClause;
  const names = namedBindings === undefined ? [] : specifierNames(namedBindings);
  return name === undefined ? names : ['default', ...names];
}

/** `{ a, b as c }` → a, b; `* as x` and a missing clause (`export *`) → `*`. */
function specifierNames(bindings: Node | undefined): string[] {
  if (bindings === undefined) return ['*'];
  if (!is.isNamedImports(bindings) && !is.isNamedExports(bindings)) return ['*'];
  return bindings.elements.map((element) => (element.propertyName ?? element.name).text);
}
