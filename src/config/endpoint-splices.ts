/**
 * Where the items of `model_list` stand in the text of an endpoint file, and the splices that take
 * one out, put another in its place or add one. Knows the two ways a list can be written: a dash a
 * line (block) and brackets (flow, which includes JSON).
 *
 * Invariant: a splice of a block item covers whole lines, from its dash to the end of its last
 * value; comments on lines of their own before and after it stay.
 */
import {
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** Replaces `text[from, to)`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** An endpoint as it is written: `model` is what the engine knows, without a provider. */
export interface WrittenEndpoint {
  readonly modelName: string;
  readonly model: string;
  readonly apiBase: string;
  /** As it stands in the file, such as `os.environ/NAME`; '' = none. */
  readonly apiKey: string;
}

const CANNOT = 'cannot be changed by a program without touching the rest: ';

/** The list of one text. Every text given has been read without an error before. */
export class EndpointList {
  readonly #text: string;
  readonly #root: unknown;
  readonly #pair: Pair<Node, Node | null> | undefined;
  readonly #seq: YAMLSeq | undefined;
  readonly #eol: string;

  constructor(text: string) {
    this.#text = text;
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
    const document = parseDocument(text, {
      ...{ version: '1.1', keepSourceTokens: true, uniqueKeys: false, prettyErrors: false },
    });
    this.#root = document.contents;
    this.#pair = isMap(this.#root) ? pairOf(this.#root, 'model_list') : undefined;
    this.#seq = isSeq(this.#pair?.value) ? this.#pair.value : undefined;
  }

  /** Takes the items at these indices out; a text says why that is not possible. */
  remove(indices: readonly number[]): Splice[] | string {
    const seq = this.#seq!;
    if (seq.flow === true) return [this.#rewritten(seq, new Set(indices))];
    const splices: Splice[] = [];
    for (const index of indices) {
      const [from, to] = this.#lines(index);
      if (from < 0) return `${CANNOT}an item shares its line with another`;
      splices.push({ from, to, text: '' });
    }
    if (indices.length === seq.items.length) {
      const at = this.#afterKey();
      splices.push({ from: at, to: at, text: ' []' });
    }
    return splices;
  }

  /** Brackets keep what stands before a kept item; commas are set anew. */
  #rewritten(seq: YAMLSeq, gone: ReadonlySet<number>): Splice {
    const [start, end] = rangeOf(seq);
    const items = seq.items.map((item) => rangeOf(item as Node));
    let text = '';
    let isFirst = true;
    for (const [index, [from, to]] of items.entries()) {
      if (gone.has(index)) continue;
      const previousEnd = index === 0 ? start + 1 : items[index - 1]![1];
      const before = this.#text.slice(previousEnd, from).replace(/^\s*,/, '');
      text += (isFirst ? '' : ',') + before + this.#text.slice(from, to);
      isFirst = false;
    }
    const lastEnd = items.at(-1)![1];
    const closing = this.#text.slice(lastEnd, end).replace(/^\s*,/, '');
    return { from: start, to: end, text: isFirst ? '[]' : `[${text}${closing}` };
  }

  /** Changes single values of an item, or all of it where they are not plainly there. */
  change(index: number, endpoint: WrittenEndpoint): Splice[] | string {
    const item = this.#seq!.items[index];
    const params = isMap(item) ? pairOf(item, 'litellm_params')?.value : undefined;
    const name = isMap(item) ? pairOf(item, 'model_name')?.value : undefined;
    const model = isMap(params) ? pairOf(params, 'model')?.value : undefined;
    if (isPlainScalar(name) && isPlainScalar(model)) {
      return [
        this.#scalar(name, endpoint.modelName),
        this.#scalar(model, `openai/${endpoint.model}`),
      ];
    }
    return this.#replace(index, endpoint);
  }

  /** Has the item say this key, in place of another or behind its address. */
  setKey(index: number, key: string): Splice | string {
    const item = this.#seq!.items[index];
    const params = isMap(item) ? pairOf(item, 'litellm_params')?.value : undefined;
    if (!isMap(params)) return `${CANNOT}an endpoint's litellm_params are not written out there`;
    const present = pairOf(params, 'api_key')?.value;
    if (isPlainScalar(present)) return this.#scalar(present, key);
    const base = pairOf(params, 'api_base');
    if (present !== undefined || base === undefined) {
      return `${CANNOT}write api_key behind api_base yourself, or take it out`;
    }
    const end = endOf(base);
    if (params.flow === true) {
      return { from: end, to: end, text: `, "api_key": ${JSON.stringify(key)}` };
    }
    const [start] = rangeOf(base.key);
    const indent = this.#text.slice(this.#lineStart(start), start);
    if (indent.trim() !== '') return `${CANNOT}api_base is not on a line of its own`;
    const at = this.#lineEnd(end);
    const text = `${this.#newLine(at)}${indent}api_key: ${inline(key)}${this.#eol}`;
    return { from: at, to: at, text };
  }

  #scalar(node: Node, value: string): Splice {
    const [from, to] = rangeOf(node);
    const isQuoted = /["']/.test(this.#text[from] ?? '');
    const text = isQuoted ? JSON.stringify(value) : inline(value);
    return { from, to, text };
  }

  #replace(index: number, endpoint: WrittenEndpoint): Splice[] | string {
    const seq = this.#seq!;
    if (seq.flow === true) {
      const [from, to] = rangeOf(seq.items[index] as Node);
      return [{ from, to, text: asJson(endpoint) }];
    }
    const [from, to] = this.#lines(index);
    if (from < 0) return `${CANNOT}an item shares its line with another`;
    return [{ from, to, text: this.#block(endpoint, this.#indent(index)) }];
  }

  append(endpoint: WrittenEndpoint): Splice[] | string {
    const seq = this.#seq;
    if (seq !== undefined && seq.items.length > 0) return this.#appendTo(seq, endpoint);
    if (isMap(this.#root) && this.#root.flow === true) {
      return `${CANNOT}write "model_list:" on a line of its own, without braces`;
    }
    if (this.#pair === undefined) {
      const text = `model_list:${this.#eol}${this.#block(endpoint, '  ')}`;
      const at = this.#text.length;
      return [{ from: at, to: at, text: this.#newLine(at) + text }];
    }
    return this.#fillEmpty(endpoint);
  }

  #appendTo(seq: YAMLSeq, endpoint: WrittenEndpoint): Splice[] | string {
    const last = seq.items.length - 1;
    if (seq.flow === true) {
      const [from, to] = rangeOf(seq.items[last] as Node);
      const line = this.#text.slice(this.#lineStart(from), from);
      const gap = line.trim() === '' ? this.#eol + line : ' ';
      return [{ from: to, to, text: `,${gap}${asJson(endpoint)}` }];
    }
    const [from, to] = this.#lines(last);
    if (from < 0) return `${CANNOT}an item shares its line with another`;
    const text = this.#newLine(to) + this.#block(endpoint, this.#indent(last));
    return [{ from: to, to, text }];
  }

  /** `model_list:`, `model_list: []` or `model_list: null`, with a comment behind it or not. */
  #fillEmpty(endpoint: WrittenEndpoint): Splice[] {
    const colon = this.#afterKey();
    const value = this.#pair!.value as Node | null;
    const [from, to] = value === null ? [colon, colon] : rangeOf(value);
    const end = this.#lineEnd(Math.max(to, colon));
    const rest = this.#text.slice(Math.max(to, colon), end);
    const added = { from: end, to: end, text: this.#newLine(end) + this.#block(endpoint, '  ') };
    if (from === to) return [added];
    return [{ from: rest.trim() === '' ? colon : from, to, text: '' }, added];
  }

  /** Behind the colon of `model_list:` and what belongs to it. */
  #afterKey(): number {
    const token = (this.#pair as { srcToken?: { sep?: readonly SourceToken[] } }).srcToken;
    const own = token?.sep?.filter(({ type }) => /^(map-value-ind|anchor|tag)$/.test(type)) ?? [];
    const last = own.at(-1);
    return last === undefined ? rangeOf(this.#pair!.key)[1] : last.offset + last.source.length;
  }

  #dash(index: number): number {
    const token = (this.#seq as unknown as { srcToken?: SequenceToken }).srcToken;
    const tokens = token?.items[index]?.start ?? [];
    return tokens.find(({ type }) => type === 'seq-item-ind')?.offset ?? -1;
  }

  /** From the start of the dash's line to behind the line of the last value; -1 = impossible. */
  #lines(index: number): readonly [from: number, to: number] {
    const dash = this.#dash(index);
    if (dash < 0 || this.#indent(index).trim() !== '') return [-1, -1];
    const contentEnd = Math.max(dash + 1, endOf(this.#seq!.items[index]));
    return [this.#lineStart(dash), this.#lineEnd(contentEnd)];
  }

  #indent(index: number): string {
    const dash = this.#dash(index);
    return this.#text.slice(this.#lineStart(dash), dash);
  }

  #lineStart(at: number): number {
    return this.#text.lastIndexOf('\n', at - 1) + 1;
  }

  /** Behind the line break of the line that `at` ends in. */
  #lineEnd(at: number): number {
    if (this.#text[at - 1] === '\n') return at;
    const found = this.#text.indexOf('\n', at);
    return found === -1 ? this.#text.length : found + 1;
  }

  #newLine(at: number): string {
    return at === 0 || this.#text[at - 1] === '\n' ? '' : this.#eol;
  }

  #block(endpoint: WrittenEndpoint, indent: string): string {
    const lines = stringify([asEntry(endpoint)], { version: '1.1', lineWidth: 0 }).trimEnd();
    return lines.replace(/^/gm, indent).replaceAll('\n', this.#eol) + this.#eol;
  }
}

interface SourceToken {
  readonly type: string;
  readonly offset: number;
  readonly source: string;
}
interface SequenceToken {
  readonly items: readonly { readonly start?: readonly SourceToken[] }[];
}

/** The last one, which counts where a key is given twice. */
function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  const found = map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key);
  return found as Pair<Node, Node | null> | undefined;
}

function isPlainScalar(node: unknown): node is Node {
  if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined) return false;
  return /^(PLAIN|QUOTE_DOUBLE|QUOTE_SINGLE)$/.test(node.type ?? '') && node.value !== null;
}

function rangeOf(node: Node): readonly [from: number, to: number] {
  const range = node.range!;
  return [range[0], range[1]];
}

/** Where the last value of a node ends: a block's own range goes on over comments. */
function endOf(node: unknown): number {
  if (isPair(node)) {
    const value = node.value as Node | null;
    return Math.max(endOf(node.key), value === null ? 0 : endOf(value));
  }
  if (isCollection(node) && node.flow !== true && node.items.length > 0) {
    return Math.max(...node.items.map(endOf));
  }
  return (node as Node | null)?.range?.[1] ?? 0;
}

function asEntry({ modelName, model, apiBase, apiKey }: WrittenEndpoint): object {
  const key = apiKey === '' ? {} : { api_key: apiKey };
  const params = { model: `openai/${model}`, api_base: apiBase, ...key };
  return { model_name: modelName, litellm_params: params };
}

function asJson(endpoint: WrittenEndpoint): string {
  return JSON.stringify(asEntry(endpoint));
}

/** A value as YAML on one line. */
function inline(value: string): string {
  return stringify(value, { version: '1.1', lineWidth: 0 }).trimEnd();
}
