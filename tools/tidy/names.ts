/**
 * Words that say nothing about what a thing does, banned as words of declared names and of file
 * names.
 */
import { basename } from 'node:path';
import type { Node } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { type Finding, lineOf, type Project, walk } from './project.ts';

const BANNED = /^(manager|util|helper|common|misc)s?$/i;

export function names({ sources, texts }: Project): Finding[] {
  const findings: Finding[] = [];
  const check = (file: string, line: number, name: string): void => {
    const word = wordsOf(name).find((one) => BANNED.test(one));
    if (word === undefined) return;
    const message = `"${word}" in ${name} says nothing: name what it does`;
    findings.push({ file, line, rule: 'name', message });
  };
  for (const path of texts.keys()) check(path, 1, basename(path));
  for (const source of sources) {
    walk(source, (node) => {
      const name = declaredName(node);
      if (name !== '') check(source.path, lineOf(source, node), name);
    });
  }
  return findings;
}

/** `httpHelper_v2` → http, Helper, v2. */
function wordsOf(name: string): string[] {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
}

function declaredName(node: Node): string {
  if (
    is.isVariableDeclaration(node) ||
    is.isParameterDeclaration(node) ||
    is.isBindingElement(node) ||
    is.isFunctionDeclaration(node) ||
    is.isClassDeclaration(node) ||
    is.isInterfaceDeclaration(node) ||
    is.isTypeAliasDeclaration(node) ||
    is.isMethodDeclaration(node) ||
    is.isMethodSignatureDeclaration(node) ||
    is.isPropertyDeclaration(node) ||
    is.isPropertySignatureDeclaration(node) ||
    is.isGetAccessorDeclaration(node) ||
    is.isSetAccessorDeclaration(node)
  ) {
    const { name } = node;
    if (name === undefined) return '';
    return is.isIdentifier(name) || is.isPrivateIdentifier(name) ? name.text : '';
  }
  return '';
}
