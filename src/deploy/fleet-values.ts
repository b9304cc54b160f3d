/**
 * Reads the values of a fleet file's keys, with references to the environment filled in and every
 * problem at its line and column. A value that is wrong comes back as if it had not been said.
 */
import { printable } from '../config/problem.ts';
import { describeRead, type Env, fillIn } from '../config/references.ts';
import { nearest } from '../config/suggest.ts';
import { describe, isNull, numberOf, textOf } from '../config/tree-values.ts';
import type { FileReport, MapTree, Tree } from '../config/yaml-tree.ts';
import type { EngineKey, Environment } from './fleet.ts';

/** A section of the file and the path that leads to it. */
export interface Section {
  readonly map: MapTree;
  /** '' or ends in a dot. */
  readonly path: string;
}

export class ValueReader {
  readonly #report: FileReport;
  readonly #env: Env;

  constructor(report: FileReport, env: Env) {
    this.#report = report;
    this.#env = env;
  }

  fault(tree: Tree, path: string, message: string, suggestion?: string): void {
    this.#report.add('error', tree.at, path, { message, suggestion });
  }

  /** Complains about keys that are not `known`. */
  check({ map, path }: Section, known: readonly string[]): void {
    for (const [key, { keyAt }] of map.entries) {
      if (known.includes(key)) continue;
      const suggestion = nearest(key, known);
      const near = suggestion === undefined ? `: one of ${known.join(', ')}` : '';
      const message = `unknown key${near}`;
      this.#report.add('error', keyAt, path + printable(key), { message, suggestion });
    }
  }

  section({ map, path }: Section, key: string): Section | undefined {
    const tree = map.entries.get(key)?.value;
    if (tree === undefined || isNull(tree)) return undefined;
    if (tree.kind === 'map') return { map: tree, path: `${path}${key}.` };
    this.fault(tree, path + key, `must be a section with keys, not ${describe(tree)}`);
    return undefined;
  }

  items({ map, path }: Section, key: string): readonly Tree[] | undefined {
    const tree = map.entries.get(key)?.value;
    if (tree === undefined || isNull(tree)) return undefined;
    if (tree.kind === 'list') return tree.items;
    this.fault(tree, path + key, `must be a list, not ${describe(tree)}`);
    return undefined;
  }

  /** A text that fits, with what it must be in words. */
  text(section: Section, key: string, rule: TextRule = ONE_LINE): string | undefined {
    const tree = section.map.entries.get(key)?.value;
    return tree === undefined ? undefined : this.textOf(tree, section.path + key, rule);
  }

  textOf(written: Tree, path: string, rule: TextRule): string | undefined {
    const { tree, fault } = fillIn(written, this.#env);
    if (fault !== '') this.fault(written, path, fault);
    if (fault !== '' || isNull(tree)) return undefined;
    const value = textOf(tree);
    if (value !== undefined && rule.pattern.test(value)) return value;
    this.fault(written, path, `must be ${rule.expects}, not ${describeRead(written, tree)}`);
    return undefined;
  }

  /** The name of a variable, with what it holds. */
  variable(section: Section, key: string): EngineKey | undefined {
    const variable = this.text(section, key, VARIABLE_RULE);
    return variable === undefined ? undefined : { variable, value: this.#env[variable] ?? '' };
  }

  word<W extends string>(section: Section, key: string, words: readonly W[]): W | undefined {
    const tree = section.map.entries.get(key)?.value;
    if (tree === undefined) return undefined;
    const value = this.textOf(tree, section.path + key, ONE_LINE);
    const found = words.find((word) => word === value);
    if (value !== undefined && found === undefined) {
      const message = `must be one of ${words.join(', ')}, not ${describe(tree)}`;
      this.fault(tree, section.path + key, message, nearest(value, words));
    }
    return found;
  }

  integer(section: Section, key: string, range: Range): number | undefined {
    const tree = section.map.entries.get(key)?.value;
    return tree === undefined ? undefined : this.integerOf(tree, section.path + key, range);
  }

  integerOf(written: Tree, path: string, { min, max }: Range): number | undefined {
    const { tree, fault } = fillIn(written, this.#env);
    if (fault !== '') this.fault(written, path, fault);
    if (fault !== '' || isNull(tree)) return undefined;
    const value = numberOf(tree);
    if (value !== undefined && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    const expected = `must be a whole number from ${min} to ${max}`;
    this.fault(written, path, `${expected}, not ${describeRead(written, tree)}`);
    return undefined;
  }

  /** A list of texts; one text is split at blanks, unless it has quotes. */
  words(section: Section, key: string): readonly string[] | undefined {
    const tree = section.map.entries.get(key)?.value;
    if (tree === undefined || isNull(tree)) return undefined;
    const path = section.path + key;
    if (tree.kind === 'list') {
      return tree.items.flatMap((item, i) => this.textOf(item, `${path}[${i}]`, ANY_TEXT) ?? []);
    }
    const text = this.textOf(tree, path, ANY_TEXT);
    if (text === undefined) return undefined;
    if (!/['"\\]/.test(text)) return text.split(/\s+/).filter((word) => word !== '');
    this.fault(tree, path, 'has quotes: write it as a list, one word an item');
    return undefined;
  }

  environment(section: Section, key: string): Environment | undefined {
    const own = this.section(section, key);
    if (own === undefined) return undefined;
    const variables: { [name: string]: string } = {};
    for (const [name, { keyAt, value }] of own.map.entries) {
      if (!VARIABLE_RULE.pattern.test(name)) {
        const message = `is not ${VARIABLE_RULE.expects}`;
        this.#report.add('error', keyAt, own.path + printable(name), { message });
        continue;
      }
      const text = this.textOf(value, own.path + name, ANY_TEXT);
      if (text !== undefined) variables[name] = text;
    }
    return variables;
  }
}

interface TextRule {
  readonly pattern: RegExp;
  readonly expects: string;
}
interface Range {
  readonly min: number;
  readonly max: number;
}

const ONE_LINE: TextRule = {
  pattern: /^(?!\s)[^\u0000-\u001f\u007f]+(?<!\s)$/,
  expects: 'a text on one line',
};
const ANY_TEXT: TextRule = { pattern: /^[^\u0000\n\r]*$/, expects: 'a text on one line' };
export const VARIABLE_RULE: TextRule = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
  expects: 'the name of an environment variable',
};
export const HOST_RULE: TextRule = {
  pattern: /^([\w.-]+@)?(?!-)[\w.:%-]+$/,
  expects: 'a host name, an address or a name of ssh_config',
};
export const PYTHON_RULE: TextRule = {
  pattern: /^[\w@%+=:,./~-]+$/,
  expects: "a conda environment's name, a folder or an interpreter, without blanks",
};
