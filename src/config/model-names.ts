/**
 * What files say about model names beyond the endpoints' own: aliases (`model_group_alias`) and
 * where to go when a model cannot answer (`fallbacks`). Pure: rules in, names of a route table out.
 *
 * Invariant: every name that comes out leads to a cluster; what leads nowhere is a problem instead.
 */
import type { NameSpec } from '../core/endpoint.ts';
import { isPattern, matchPattern } from '../core/model-pattern.ts';
import { type Place, type Problem, printable } from './problem.ts';

export interface Alias {
  readonly name: string;
  readonly model: string;
  readonly listed: boolean;
  readonly place: Place;
}

export interface FallbackRule {
  /** `*` = every model without a rule of its own. */
  readonly name: string;
  readonly models: readonly string[];
  readonly place: Place;
}

export interface NameRules {
  readonly aliases: readonly Alias[];
  readonly fallbacks: readonly FallbackRule[];
}

export const NO_RULES: NameRules = { aliases: [], fallbacks: [] };
const EVERY = '*';
/** An alias of an alias is fine; a circle is not. */
const MAX_ALIASES = 8;

/** Of two rules for one name the later counts. */
export function mergeRules(all: Iterable<NameRules | undefined>): NameRules {
  const aliases = new Map<string, Alias>();
  const fallbacks = new Map<string, FallbackRule>();
  for (const rules of all) {
    for (const alias of rules?.aliases ?? []) aliases.set(alias.name, alias);
    for (const rule of rules?.fallbacks ?? []) fallbacks.set(rule.name, rule);
  }
  return { aliases: [...aliases.values()], fallbacks: [...fallbacks.values()] };
}

/** `clusters`: the model names that have endpoints. */
export function resolveNames(
  rules: NameRules,
  clusters: ReadonlySet<string>,
): { readonly names: readonly NameSpec[]; readonly problems: readonly Problem[] } {
  if (rules.aliases.length === 0 && rules.fallbacks.length === 0) return NOTHING;
  return new Resolver(rules, clusters).resolve();
}

const NOTHING = { names: [], problems: [] };

class Resolver {
  readonly #rules: NameRules;
  readonly #clusters: ReadonlySet<string>;
  readonly #patterns: readonly string[];
  readonly #aliases: ReadonlyMap<string, Alias>;
  readonly #fallbacks: ReadonlyMap<string, FallbackRule>;
  readonly #problems: Problem[] = [];
  readonly #names: NameSpec[] = [];

  constructor(rules: NameRules, clusters: ReadonlySet<string>) {
    this.#rules = rules;
    this.#clusters = clusters;
    this.#patterns = [...clusters].filter(isPattern);
    this.#aliases = new Map(rules.aliases.map((alias) => [alias.name, alias]));
    this.#fallbacks = new Map(rules.fallbacks.map((rule) => [rule.name, rule]));
  }

  resolve() {
    for (const rule of this.#rules.fallbacks) this.#checkTargets(rule);
    for (const name of this.#clusters) {
      const fallbacks = this.#fallbacksOf(name, name);
      if (this.#aliases.has(name) || fallbacks.length === 0) continue;
      this.#names.push({ name, model: name, fallbacks, listed: !isPattern(name) });
    }
    for (const alias of this.#rules.aliases) this.#addAlias(alias);
    for (const rule of this.#rules.fallbacks) this.#addRule(rule);
    return { names: this.#names, problems: this.#problems };
  }

  #addAlias({ name, listed, model: written, place }: Alias): void {
    const model = this.#meaning(name);
    if (model === undefined) {
      this.#warn(place, `model_group_alias.${name}`, `no endpoint serves "${written}"`);
    } else {
      this.#names.push({ name, model, fallbacks: this.#fallbacksOf(name, model), listed });
    }
  }

  /** A rule for a name that is neither a cluster's nor an alias. */
  #addRule({ name, place }: FallbackRule): void {
    if (name === EVERY || this.#clusters.has(name) || this.#aliases.has(name)) return;
    const fallbacks = this.#fallbacksOf(name, name);
    if (this.#isCovered(name)) {
      this.#names.push({ name, model: name, fallbacks, listed: false });
      return;
    }
    const [first, ...others] = fallbacks;
    if (first === undefined) return;
    this.#names.push({ name, model: first, fallbacks: others, listed: false });
    this.#warn(place, `fallbacks.${name}`, 'no endpoint serves it; all goes to its fallbacks');
  }

  #fallbacksOf(name: string, model: string): string[] {
    const rules = this.#fallbacks;
    const rule = rules.get(name) ?? rules.get(model) ?? rules.get(EVERY);
    const found = (rule?.models ?? []).map((other) => this.#meaning(other));
    const others = found.filter((other) => other !== undefined && other !== model);
    return [...new Set(others as string[])];
  }

  #checkTargets({ name, models, place }: FallbackRule): void {
    for (const model of models) {
      if (this.#meaning(model) !== undefined) continue;
      this.#warn(place, `fallbacks.${name}`, `no endpoint serves "${printable(model)}"`);
    }
  }

  /** The cluster behind aliases, or a name that a pattern covers. */
  #meaning(name: string): string | undefined {
    let model = name;
    for (let i = 0; i < MAX_ALIASES; i++) {
      const alias = this.#aliases.get(model);
      if (alias === undefined || alias.model === model) break;
      model = alias.model;
    }
    return this.#clusters.has(model) || this.#isCovered(model) ? model : undefined;
  }

  #isCovered(model: string): boolean {
    return this.#patterns.some((pattern) => matchPattern(pattern, model) !== undefined);
  }

  #warn(place: Place, path: string, message: string): void {
    this.#problems.push({ ...place, path, message, severity: 'warning' });
  }
}
