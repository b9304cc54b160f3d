/**
 * YAML text → a tree of maps, lists and scalars that remembers where each thing stood.
 * Owns: the YAML dialect (1.1 as Python reads it: merge keys, yes/no/on/off, no dates, no
 * sexagesimal numbers) and its safety limits (1 MiB, bounded alias expansion, bounded depth, no
 * tags beyond the plain ones, no silent duplicate keys).
 *
 * Invariant: aliases share their target, so building the tree costs no more than the text, and
 * `expanded` bounds what walking it can cost. Source: YAML 1.1 §7.1 (alias), the merge key type.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Tags,
  type YAMLMap,
} from 'yaml';
import type { Place, Problem } from './problem.ts';
import { printable } from './problem.ts';

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: number;
  readonly value: string | number | bigint | boolean | null;
  /** The text as written, without quotes: `1.10` stays `1.10`. */
  readonly source: string;
}
export interface MapTree {
  readonly kind: 'map';
  readonly at: number;
  readonly entries: ReadonlyMap<string, MapEntry>;
}
export interface MapEntry {
  readonly keyAt: number;
  readonly value: Tree;
}
export interface ListTree {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly Tree[];
}
export type Tree = ScalarTree | MapTree | ListTree;

/** Collects the problems of one file and turns offsets into lines and columns. */
export class FileReport {
  readonly file: string;
  readonly problems: Problem[] = [];
  readonly lines = new LineCounter();

  constructor(file: string) {
    this.file = file;
  }

  add(
    severity: Problem['severity'],
    at: number,
    path: string,
    said: { message: string; suggestion?: string | undefined },
  ): void {
    const { message, suggestion } = said;
    const problem = { ...this.place(at), path, message, severity };
    this.problems.push(suggestion === undefined ? problem : { ...problem, suggestion });
  }

  place(at: number): Place {
    const { line, col } = this.lines.linePos(at);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** As a reader of the file meets them. */
  inOrder(): Problem[] {
    return this.problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  get hasErrors(): boolean {
    return this.problems.some((problem) => problem.severity === 'error');
  }
}

export const MAX_FILE_BYTES = 1024 * 1024;
/** A 1 MiB text holds fewer nodes than this, so only aliases can exceed it. */
const MAX_EXPANDED_NODES = 1_000_000;
const MAX_DEPTH = 64;
const MAX_FAULTS = 5;

/**
 * Reads one document. `undefined` when the text is not usable (the reason is in the report);
 * an empty text or one with only comments is a null scalar.
 */
export function readTree(
  text: string,
  report: FileReport,
  duplicateKeys: 'error' | 'warning',
): Tree | undefined {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
    report.add('error', 0, '', { message: `the file is larger than ${MAX_FILE_BYTES} bytes` });
    return undefined;
  }
  const before = report.problems.length;
  const document = parseText(text.startsWith('\uFEFF') ? text.slice(1) : text, report);
  if (document === undefined) return undefined;
  const tree = new TreeBuilder(report, duplicateKeys).build(document.contents);
  const broken = report.problems.slice(before).some((problem) => problem.severity === 'error');
  return broken ? undefined : tree;
}

function parseText(text: string, report: FileReport): Document.Parsed | undefined {
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      version: '1.1',
      customTags: plainTags,
      lineCounter: report.lines,
      prettyErrors: false,
      // The library compares every key with every other; the builder uses a Map.
      uniqueKeys: false,
      keepSourceTokens: false,
    });
  } catch (error) {
    // The composer recurses: brackets nested tens of thousands deep exhaust its stack.
    if (!(error instanceof RangeError)) throw error;
    report.add('error', 0, '', { message: 'the YAML is nested too deep' });
    return undefined;
  }
  // One slip makes the parser stumble many times; the first places are the useful ones.
  for (const fault of [...document.errors, ...document.warnings].slice(0, MAX_FAULTS)) {
    report.add('error', fault.pos[0], '', { message: describeFault(fault.code, fault.message) });
  }
  return document;
}

const UNWANTED_TAGS = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set']);

// Dates, base64 and `12:30` as 750 surprise people who write model names, hosts and keys.
function plainTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return !UNWANTED_TAGS.has(tag);
    if ('format' in tag && tag.format === 'TIME') return false;
    return !UNWANTED_TAGS.has(tag.tag.replace('tag:yaml.org,2002:', ''));
  });
}

const FAULTS: Record<string, string> = {
  RESOURCE_EXHAUSTION: 'the YAML is nested too deep',
  TAB_AS_INDENT: 'a tab cannot indent YAML; use spaces',
  MULTIPLE_DOCS: 'the file holds several YAML documents; only one is read',
  TAG_RESOLVE_FAILED: 'YAML tags (!…) are not allowed here',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MISSING_CHAR: 'a closing bracket, quote, comma or colon is missing',
  BLOCK_AS_IMPLICIT_KEY: 'a key and its nested block cannot share a line; is a line break missing?',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; is a colon or a quote missing?',
  BAD_SCALAR_START: 'a plain value cannot start with this character; put it in quotes',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; use single quotes for a literal backslash',
};

function describeFault(code: string, message: string): string {
  // The library's text after a colon may quote the file, and the file holds keys.
  return (
    FAULTS[code] ?? `not valid YAML: ${printable(message.split(':', 1)[0]!.split('\n', 1)[0]!)}`
  );
}

class TreeBuilder {
  readonly #report: FileReport;
  readonly #duplicateKeys: 'error' | 'warning';
  /** `undefined` while the anchored node itself is being built. */
  readonly #anchors = new Map<string, Sized | undefined>();
  #mergedKeys = 0;
  #tooLarge = false;

  constructor(report: FileReport, duplicateKeys: 'error' | 'warning') {
    this.#report = report;
    this.#duplicateKeys = duplicateKeys;
  }

  build(root: Node | null): Tree {
    return this.#node(root, 0, 0).tree;
  }

  #node(node: unknown, at: number, depth: number): Sized {
    const start = (node as Node | null)?.range?.[0] ?? at;
    if (depth > MAX_DEPTH) return this.#refuse(start, `nested deeper than ${MAX_DEPTH} levels`);
    if (isAlias(node)) return this.#alias(node.source, start);
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const built = this.#plain(node, start, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    if (built.expanded > MAX_EXPANDED_NODES && !this.#tooLarge) {
      this.#tooLarge = true;
      return this.#refuse(start, 'its aliases expand to too many values');
    }
    return built;
  }

  #plain(node: unknown, at: number, depth: number): Sized {
    if (isMap(node)) return this.#map(node, at, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item, at, depth + 1));
      const expanded = items.reduce((sum, item) => sum + item.expanded, 1);
      return { tree: { kind: 'list', at, items: items.map((item) => item.tree) }, expanded };
    }
    if (!isScalar(node)) return { tree: nullAt(at), expanded: 1 };
    const value = node.value as ScalarTree['value'] | undefined;
    const source = typeof value === 'string' ? value : (node.source ?? String(value ?? ''));
    return { tree: { kind: 'scalar', at, value: value ?? null, source }, expanded: 1 };
  }

  #map(map: YAMLMap, at: number, depth: number): Sized {
    const entries = new Map<string, MapEntry>();
    const merged: Sized[] = [];
    let expanded = 1;
    for (const pair of map.items) {
      const keyAt = (pair.key as Node | null)?.range?.[0] ?? at;
      const value = this.#node(pair.value, keyAt, depth + 1);
      expanded += value.expanded;
      const key = isScalar(pair.key) ? keyName(pair.key) : undefined;
      if (key === undefined) this.#refuse(keyAt, 'a key must be a plain name');
      else if (isMergeKey(pair.key)) merged.push(value);
      else this.#put(entries, key, { keyAt, value: value.tree });
    }
    for (const source of merged) this.#merge(entries, source.tree);
    return { tree: { kind: 'map', at, entries }, expanded };
  }

  #put(entries: Map<string, MapEntry>, key: string, entry: MapEntry): void {
    const first = entries.get(key);
    if (first !== undefined) {
      const { line } = this.#report.place(first.keyAt);
      const message = `"${printable(key)}" is given twice (first in line ${line})`;
      const severity = key === 'model_list' ? 'error' : this.#duplicateKeys;
      const effect = severity === 'warning' ? '; the last one counts' : '';
      this.#report.add(severity, entry.keyAt, '', { message: message + effect });
    }
    entries.set(key, entry);
  }

  /** A map's own keys win over merged ones; of several merged maps the earlier wins. */
  #merge(entries: Map<string, MapEntry>, source: Tree): void {
    if (source.kind === 'list' && source.items.every((item) => item.kind === 'map')) {
      for (const item of source.items) this.#merge(entries, item);
    } else if (source.kind === 'map') {
      this.#mergedKeys += source.entries.size + 1;
      if (this.#mergedKeys > MAX_EXPANDED_NODES) {
        if (!this.#tooLarge) this.#refuse(source.at, 'its merge keys expand to too many values');
        this.#tooLarge = true;
        return;
      }
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    } else if (source.kind === 'list' || source.value !== null) {
      this.#refuse(source.at, 'a merge key (<<) takes a map or a list of maps');
    }
  }

  #alias(name: string, at: number): Sized {
    const target = this.#anchors.get(name);
    if (target !== undefined) return target;
    const known = this.#anchors.has(name);
    return this.#refuse(at, known ? 'an alias inside its own anchor' : 'an alias without anchor');
  }

  #refuse(at: number, message: string): Sized {
    this.#report.add('error', at, '', { message: `not usable YAML: ${message}` });
    return { tree: nullAt(at), expanded: 1 };
  }
}

interface Sized {
  readonly tree: Tree;
  /** How many nodes a walk through all aliases would visit. */
  readonly expanded: number;
}

function nullAt(at: number): ScalarTree {
  return { kind: 'scalar', at, value: null, source: '' };
}

function keyName(key: { value: unknown; source?: string }): string {
  if (typeof key.value === 'string') return key.value;
  return key.source ?? String(key.value);
}

function isMergeKey(key: unknown): boolean {
  if (!isScalar(key) || (key.type !== undefined && key.type !== 'PLAIN')) return false;
  return key.source === '<<' || key.value === '<<' || typeof key.value === 'symbol';
}
