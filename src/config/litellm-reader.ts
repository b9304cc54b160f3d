/**
 * Reads one value of a LiteLLM file's sections and notes what it asks for. Invariant: a value that
 * cannot be used is a warning at its place, and no message shows a key.
 */

import type { EndpointDefaults } from './endpoint-entry.ts';
import type { IgnoredKeys } from './endpoint-keys.ts';
import type { Alias, FallbackRule } from './model-names.ts';
import type { Place } from './problem.ts';
import { describeRead, type Env, fillIn } from './references.ts';
import { booleanOf, numberOf, textOf } from './tree-values.ts';
import type { FileReport, MapTree, Tree } from './yaml-tree.ts';

/** A file and what it includes are read as one. */
export interface LiteLLMPart {
  readonly root: MapTree;
  readonly report: FileReport;
  readonly ignored: IgnoredKeys;
}

export interface LiteLLMOption {
  /** Of our option. */
  readonly path: string;
  readonly value: unknown;
  readonly place: Place;
}

/** What the rows of LITELLM_KEYS have put together. */
export class Collected {
  defaults: EndpointDefaults;
  readonly aliases: Alias[] = [];
  readonly fallbacks: FallbackRule[] = [];
  readonly options: LiteLLMOption[] = [];

  constructor(defaults: EndpointDefaults) {
    this.defaults = defaults;
  }
}

export interface Into {
  readonly isMain: boolean;
  readonly collected: Collected;
  readonly env: Env;
}

/** Reads one value; what rows of LITELLM_KEYS see. */
export class LiteLLMReader {
  readonly isMain: boolean;
  readonly #part: LiteLLMPart;
  readonly #path: string;
  readonly #into: Into;

  constructor(part: LiteLLMPart, path: string, into: Into) {
    this.isMain = into.isMain;
    this.#part = part;
    this.#path = path;
    this.#into = into;
  }

  warn(tree: Tree, message: string): void {
    this.#part.report.add('warning', tree.at, this.#path, { message });
  }

  /** The value cannot be had: only a key that should have closed the door makes that an error. */
  unreadable(tree: Tree, message: string): void {
    const severe = this.isMain && this.#path.endsWith('.master_key');
    this.#part.report.add(severe ? 'error' : 'warning', tree.at, this.#path, { message });
  }

  /** From 0 on, times `scale`. */
  number(tree: Tree, scale = 1): number | undefined {
    const value = numberOf(tree);
    if (value !== undefined && value >= 0 && value <= 1e9) return value * scale;
    return this.#unfit(tree, 'a number that is not negative');
  }

  text(tree: Tree): string | undefined {
    return textOf(tree) ?? this.#unfit(tree, 'a text');
  }

  flag(tree: Tree): boolean | undefined {
    return booleanOf(tree) ?? this.#unfit(tree, 'true or false');
  }

  /** A key; what it is not is never shown. */
  secret(tree: Tree): string | undefined {
    const key = textOf(tree);
    if (key !== undefined && /^[\x21-\x7e]{1,512}$/.test(key)) return key;
    this.unreadable(tree, 'must be a text of visible characters without blanks');
    return undefined;
  }

  /** Sets one of our options, which only the main file can. */
  option(path: string, value: unknown, tree: Tree): void {
    if (!this.isMain) {
      this.warn(tree, `has an effect in the main file only; set ${path} there`);
      return;
    }
    this.#into.collected.options.push({ path, value, place: this.#place(tree) });
  }

  /** Sets what endpoints have that do not say otherwise. */
  defaults(defaults: EndpointDefaults): void {
    const { collected } = this.#into;
    collected.defaults = { ...collected.defaults, ...defaults };
  }

  /** A list of maps from a model to models. */
  fallbacks(tree: Tree): void {
    const items = tree.kind === 'list' ? tree.items : [tree];
    for (const item of items) {
      if (item.kind !== 'map') {
        this.#unfit(item, 'a list of sections such as {model: [other, models]}');
        continue;
      }
      for (const [name, { value }] of item.entries) this.#addFallbacks(name, value);
    }
  }

  defaultFallbacks(tree: Tree): void {
    this.#addFallbacks('*', tree);
  }

  /** A map from a name to a model, or to {model, hidden}. */
  aliases(tree: Tree): void {
    if (tree.kind !== 'map') {
      this.#unfit(tree, 'a section such as {name: model}');
      return;
    }
    for (const [name, { value }] of tree.entries) {
      const target = value.kind === 'map' ? value.entries.get('model')?.value : value;
      const model = target === undefined ? undefined : this.#read(target);
      const hidden = value.kind === 'map' ? value.entries.get('hidden')?.value : undefined;
      const listed = hidden === undefined || booleanOf(hidden) !== true;
      if (model === undefined || name === '') this.#unfit(value, 'the name of a model');
      else this.#into.collected.aliases.push({ name, model, listed, place: this.#place(value) });
    }
  }

  #addFallbacks(name: string, tree: Tree): void {
    const items = tree.kind === 'list' ? tree.items : [tree];
    const models = items.map((item) => this.#read(item));
    const found = models.filter((model) => model !== undefined);
    if (found.length < items.length) this.#unfit(tree, 'a list of model names');
    this.#into.collected.fallbacks.push({ name, models: found, place: this.#place(tree) });
  }

  #read(tree: Tree): string | undefined {
    const read = fillIn(tree, this.#into.env);
    return read.fault === '' ? textOf(read.tree) : undefined;
  }

  #unfit(tree: Tree, expected: string): undefined {
    this.warn(tree, `must be ${expected}, not ${describeRead(tree, tree)}; it has no effect`);
  }

  #place(tree: Tree): Place {
    return this.#part.report.place(tree.at);
  }
}
