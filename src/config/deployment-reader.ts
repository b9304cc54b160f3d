/**
 * Reads the values of one item of `model_list`, with references filled in. Invariant: what cannot
 * be used is reported at its place, and no message shows a key.
 */
import { readApiBase } from './api-base.ts';
import type { EndpointDefaults } from './endpoint-entry.ts';
import { type IgnoredKeys, RPM_KEY_NAMES } from './endpoint-keys.ts';
import { describeRead, type Env, fillIn } from './references.ts';
import { booleanOf, describe, isNull, numberOf, textOf } from './tree-values.ts';
import type { FileReport, MapTree, Tree } from './yaml-tree.ts';

/** What all deployments of one file share. */
export interface DeploymentContext {
  readonly report: FileReport;
  readonly ignored: IgnoredKeys;
  readonly env: Env;
  readonly sourceType: string;
  /** Places of weights that are 0; said once per file. */
  readonly zeroWeights: number[];
  /** What the rest of a LiteLLM file says; absent = nothing. */
  readonly shared?: SharedByFile | undefined;
}

/** What the sections of a LiteLLM file say about all its deployments. */
export interface SharedByFile {
  /** `credential_values` by `credential_name`. */
  readonly credentials: ReadonlyMap<string, MapTree>;
  readonly defaults: EndpointDefaults;
}

const MAX_WEIGHT = 1_000_000;
const MAX_RPM = 10_000_000;
const MAX_NUMBER = 1_000_000;

export class DeploymentReader {
  readonly path: string;
  readonly #context: DeploymentContext;
  failed = false;

  constructor(path: string, context: DeploymentContext) {
    this.path = path;
    this.#context = context;
  }

  fault(at: Tree, key: string, message: string, suggestion?: string): undefined {
    const path = key === '' ? this.path : `${this.path}.${key}`;
    this.#context.report.add('error', at.at, path, {
      message: `${message} (this endpoint is left out)`,
      suggestion,
    });
    this.failed = true;
  }

  section(entry: MapTree, key: string): MapTree | undefined {
    const value = entry.entries.get(key)?.value;
    if (value === undefined || isNull(value)) return undefined;
    return value.kind === 'map'
      ? value
      : this.fault(value, key, `must be a section with keys, not ${describe(value)}`);
  }

  /** A required text that may be shown to clients. */
  name(map: MapTree, key: string): string {
    const value = this.text(map, key);
    if (value === '' && !this.failed) this.fault(map, key, 'is missing');
    return value;
  }

  /** A value with its references filled in; absent when it is not there or cannot be had. */
  #value(map: MapTree, key: string, name = lastOf(key)): Tree | undefined {
    const written = map.entries.get(name)?.value;
    if (written === undefined) return undefined;
    const { tree, fault } = fillIn(written, this.#context.env);
    if (fault === '') return isNull(tree) ? undefined : tree;
    return this.fault(written, key, fault);
  }

  /** An optional text. '' = absent. */
  text(map: MapTree, key: string, name = lastOf(key)): string {
    const tree = this.#value(map, key, name);
    if (tree === undefined) return '';
    const value = textOf(tree)?.trim();
    if (value === undefined) {
      this.fault(tree, key, `must be a text, not ${describe(tree)}`);
      return '';
    }
    if (/[\u0000-\u001f\u007f]/.test(value)) this.fault(tree, key, 'has control characters');
    return value;
  }

  apiBase(params: MapTree): string {
    const key = 'litellm_params.api_base';
    const before = this.failed;
    const written = this.text(params, key);
    const tree = child(params, key) ?? params;
    if (written === '') {
      if (this.failed === before) this.fault(tree, key, 'is missing');
      return '';
    }
    const result = readApiBase(written);
    if (typeof result === 'string') return result;
    // A suggestion quotes the address, and a wrong variable may hold anything.
    const isWritten = textOf(tree)?.trim() === written;
    this.fault(tree, key, result.message, isWritten ? result.suggestion : undefined);
    return '';
  }

  /** The header field can carry visible ASCII and blanks only. */
  apiKey(params: MapTree): string {
    const key = 'litellm_params.api_key';
    const tree = child(params, key);
    if (tree !== undefined && tree.kind !== 'scalar') {
      this.fault(tree, key, 'must be a text');
      return '';
    }
    const value = this.text(params, key);
    if (/[^\x20-\x7e]/.test(value) && tree !== undefined) {
      this.fault(tree, key, 'has characters that a header cannot carry');
    }
    return value;
  }

  weight(params: MapTree): number {
    const key = 'litellm_params.weight';
    const tree = this.#value(params, key);
    if (tree === undefined) return 1;
    const value = numberOf(tree);
    if (value === undefined || !(value >= 0 && value <= MAX_WEIGHT)) {
      const given = describeRead(child(params, key)!, tree);
      this.fault(tree, key, `must be a number from 0 to ${MAX_WEIGHT}, not ${given}`);
      return 1;
    }
    if (value === 0) this.#context.zeroWeights.push(tree.at);
    return value === 0 ? 1 : value;
  }

  /** The first number counts; null says nothing, and no number means unlimited. */
  rpmLimit([entry, params, info]: readonly [MapTree, MapTree, MapTree | undefined]): number {
    const places = [
      ['', entry],
      ['litellm_params.', params],
      ['model_info.', info],
    ] as const;
    for (const [prefix, map] of places) {
      for (const name of RPM_KEY_NAMES) {
        const tree = map === undefined ? undefined : this.#value(map, prefix + name);
        if (tree !== undefined) return this.#rpm(tree, prefix + name, child(map!, name)!);
      }
    }
    return 0;
  }

  #rpm(tree: Tree, key: string, written: Tree): number {
    const value = numberOf(tree);
    if (value !== undefined && Number.isInteger(value) && value >= 0 && value <= MAX_RPM) {
      return value;
    }
    const expected = `must be null or a whole number from 0 to ${MAX_RPM}`;
    this.fault(tree, key, `${expected}, not ${describeRead(written, tree)}`);
    return 0;
  }

  /** A number from 0 on; `undefined` when there is none. `scale` turns it into the house's unit. */
  number(map: MapTree | undefined, key: string, scale = 1): number | undefined {
    const tree = map === undefined ? undefined : this.#value(map, key);
    if (tree === undefined) return undefined;
    const value = numberOf(tree);
    if (value !== undefined && value >= 0 && value <= MAX_NUMBER) return value * scale;
    const given = describeRead(child(map!, key)!, tree);
    return this.fault(tree, key, `must be a number from 0 to ${MAX_NUMBER}, not ${given}`);
  }

  /** The keys and texts of a section, such as header fields; references are filled in. */
  texts(params: MapTree, key: string): [name: string, value: string][] {
    const tree = child(params, key);
    if (tree === undefined || isNull(tree)) return [];
    if (tree.kind !== 'map') {
      this.fault(tree, key, `must be a section with keys, not ${describe(tree)}`);
      return [];
    }
    return [...tree.entries.keys()].map((name) => [name, this.text(tree, `${key}.${name}`, name)]);
  }

  flag(params: MapTree | undefined, key: string): boolean {
    const tree = params === undefined ? undefined : this.#value(params, key);
    if (params === undefined || tree === undefined) return false;
    const value = booleanOf(tree);
    if (value === undefined) {
      const given = describeRead(child(params, key)!, tree);
      this.fault(tree, key, `must be true or false, not ${given}`);
    }
    return value ?? false;
  }
}

/** The value of the last segment of `key` in `map`. */
function child(map: MapTree, key: string): Tree | undefined {
  return map.entries.get(lastOf(key))?.value;
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
