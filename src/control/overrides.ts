/**
 * What operators changed through the API, laid over what the files say. Pure: it holds changes and
 * reads entries; whoever publishes the result applies it.
 *
 * Invariant: a change by the API survives reloads until the file itself changes that very value
 * (or, for a removal, anything of that endpoint; for an addition, lists the endpoint too): then
 * the file counts and the change is dropped. `lay` changes nothing, so a dry run may call it.
 */
import { meaningOf } from '../config/diff.ts';
import type { EndpointEntry } from '../config/endpoint-entry.ts';

/** `api`: as an operator set it; `file`: as the files say. */
export type Origin = 'api' | 'file';

/** What can be changed of an endpoint, in the words of an entry. */
export interface EntryChange {
  readonly weight?: number | undefined;
  readonly rpmLimit?: number | undefined;
}

/** A change that a file has overtaken. */
export interface Overtaken {
  readonly id: string;
  readonly what: 'weight' | 'rpmLimit' | 'added' | 'removed';
}

export interface Laid {
  readonly entries: readonly EndpointEntry[];
  readonly overtaken: readonly Overtaken[];
}

interface Value {
  readonly value: number;
  /** What the file said when it was set. */
  readonly inFile: number;
}

const FIELDS = ['weight', 'rpmLimit'] as const;
type Field = (typeof FIELDS)[number];

export class Overrides {
  readonly #values: Readonly<Record<Field, Map<string, Value>>> = {
    weight: new Map(),
    rpmLimit: new Map(),
  };
  readonly #added = new Map<string, EndpointEntry>();
  /** The entry as the file had it. */
  readonly #removed = new Map<string, EndpointEntry>();

  /** `entries`: what all files say, each identity once. */
  lay(entries: readonly EndpointEntry[]): Laid {
    const overtaken: Overtaken[] = [];
    const laid: EndpointEntry[] = [];
    const present = new Set<string>();
    for (const entry of entries) {
      const { id } = entry;
      present.add(id);
      const removed = this.#removed.get(id);
      if (removed !== undefined && meaningOf(removed) === meaningOf(entry)) continue;
      if (removed !== undefined) overtaken.push({ id, what: 'removed' });
      if (this.#added.has(id)) overtaken.push({ id, what: 'added' });
      laid.push(this.#changed(entry, overtaken));
    }
    for (const what of FIELDS) {
      for (const id of this.#values[what].keys()) {
        if (!present.has(id)) overtaken.push({ id, what });
      }
    }
    for (const id of this.#removed.keys()) {
      if (!present.has(id)) overtaken.push({ id, what: 'removed' });
    }
    const isOvertaken = new Set(overtaken.filter(({ what }) => what === 'added').map(idOf));
    for (const [id, entry] of this.#added) if (!isOvertaken.has(id)) laid.push(entry);
    return { entries: laid, overtaken };
  }

  /** Forgets what `lay` found to be overtaken. */
  drop(overtaken: readonly Overtaken[]): void {
    for (const { id, what } of overtaken) {
      if (what === 'added') this.#added.delete(id);
      else if (what === 'removed') this.#removed.delete(id);
      else this.#values[what].delete(id);
    }
  }

  /** `current` is the entry as `lay` gave it. A value equal to the file's is no change. */
  change(current: EndpointEntry, change: EntryChange): void {
    const { id } = current;
    const added = this.#added.get(id);
    if (added !== undefined) {
      const { weight = added.weight, rpmLimit = added.rpmLimit } = change;
      this.#added.set(id, { ...added, weight, rpmLimit });
      return;
    }
    for (const field of FIELDS) {
      const value = change[field];
      if (value === undefined) continue;
      const inFile = this.#values[field].get(id)?.inFile ?? current[field];
      if (value === inFile) this.#values[field].delete(id);
      else this.#values[field].set(id, { value, inFile });
    }
  }

  add(entry: EndpointEntry): void {
    this.#added.set(entry.id, entry);
  }

  /** `inFile` is what the files say of it; undefined when it came by the API alone. */
  remove(id: string, inFile: EndpointEntry | undefined): void {
    this.#added.delete(id);
    for (const field of FIELDS) this.#values[field].delete(id);
    if (inFile !== undefined) this.#removed.set(id, inFile);
  }

  /** Where the endpoint and its values come from. */
  originOf(id: string): { readonly endpoint: Origin } & Readonly<Record<Field, Origin>> {
    const added = this.#added.has(id);
    const of = (field: Field) => (added || this.#values[field].has(id) ? 'api' : 'file');
    return { endpoint: added ? 'api' : 'file', weight: of('weight'), rpmLimit: of('rpmLimit') };
  }

  /** Identities that the files list and an operator took out. */
  get removed(): readonly string[] {
    return [...this.#removed.keys()];
  }

  #changed(entry: EndpointEntry, overtaken: Overtaken[]): EndpointEntry {
    const own: { weight?: number; rpmLimit?: number } = {};
    for (const what of FIELDS) {
      const set = this.#values[what].get(entry.id);
      if (set === undefined) continue;
      if (set.inFile === entry[what]) own[what] = set.value;
      else overtaken.push({ id: entry.id, what });
    }
    return { ...entry, ...own };
  }
}

function idOf({ id }: Overtaken): string {
  return id;
}
