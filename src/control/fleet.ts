/**
 * The fleet as configured now: reads the endpoint files, gives every endpoint its slot, publishes
 * route tables, and frees the slots of endpoints that left once they have drained.
 *
 * Invariants: a reload that changes no endpoint publishes nothing, nor does one that only brings
 * faults (`last-good.ts`); a slot is cleared only when no worker can write to it any more;
 * endpoints that found no slot get the first that is freed.
 */

import type { ConfigState } from '../config/diff.ts';
import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { type FileEndpoints, type Loaded, mergeEndpoints } from '../config/load.ts';
import { mergeRules, type NameRules, NO_RULES } from '../config/model-names.ts';
import { formatProblem } from '../config/problem.ts';
import { buildRouteTableSpec, SlotAllocator } from '../config/route-table-spec.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Columns } from '../core/columns.ts';
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import { forgetPrefixes } from '../core/prefix-index.ts';
import { RATE_CELLS, RATE_WINDOW_MS, used } from '../core/rate-window.ts';
import { TOKEN_CELLS } from '../core/token-window.ts';
import { sumOf } from '../state/reader.ts';
import { type HeldFiles, withLastGood } from './last-good.ts';
import { Overrides, type Overtaken } from './overrides.ts';

export interface FleetParts {
  /** The strategy to route by, as of now. */
  strategy(): Config['routing']['strategy'];
  readonly columns: Columns;
  readonly clock: Clock;
  publish(spec: RouteTableSpec): void;
  /** The epoch that every worker has reached. */
  adoptedEpoch(): number;
  /** Slots that are about to be given to somebody else. */
  onForget(slot: number): void;
  onChange(change: FleetChange): void;
}

/** A new route table, new problems, or both. */
export interface FleetChange {
  readonly epoch: number;
  /** False: the endpoints are the same, only the problems have changed. */
  readonly published: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly rejected: readonly string[];
  readonly problems: readonly string[];
  /** Changes by the API that a file has overtaken. */
  readonly overtaken: readonly Overtaken[];
}

interface Leaving {
  readonly id: string;
  readonly slot: number;
  /** No worker routes to it once it has adopted this epoch. */
  readonly epoch: number;
  readonly sinceMs: number;
}

export class Fleet {
  readonly #parts: FleetParts;
  /** What operators changed through the API; call `refresh` after a change. */
  readonly overrides = new Overrides();
  readonly #slots: SlotAllocator;
  #byFile: HeldFiles = new Map();
  #entries: readonly EndpointEntry[] = [];
  #names: NameRules = NO_RULES;
  #leaving: Leaving[] = [];
  #endpoints: readonly EndpointSpec[] = [];
  #problems: readonly string[] = [];
  #rejected: readonly string[] = [];
  spec: RouteTableSpec;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#slots = new SlotAllocator(parts.columns.slots);
    this.spec = { epoch: 0, strategy: parts.strategy(), clusters: [] };
  }

  /** All endpoints in the route table; a new array whenever they changed. */
  get endpoints(): readonly EndpointSpec[] {
    return this.#endpoints;
  }

  /** Takes over what was read from the files; publishes only a difference. */
  apply(loaded: Loaded): void {
    this.#byFile = withLastGood(loaded, this.#byFile);
    this.#lay(loaded.problems.map(formatProblem));
  }

  /** What would count after `apply(loaded)`. */
  stateOf(loaded: Loaded): ConfigState {
    const byFile = withLastGood(loaded, this.#byFile);
    const { settings = new Map() } = loaded;
    return { settings, entries: mergeEndpoints(byFile).value, names: rulesOf(byFile) };
  }

  /** Publishes what the API changed. */
  refresh(): void {
    this.#lay(this.#problems);
  }

  /** The endpoint as it counts now; undefined when there is none. */
  entryOf(id: string): EndpointEntry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  /** The endpoint as the files have it. */
  fileEntryOf(id: string): EndpointEntry | undefined {
    return mergeEndpoints(this.#byFile).value.find((entry) => entry.id === id);
  }

  #lay(problems: readonly string[]): void {
    this.#names = rulesOf(this.#byFile);
    const { entries, overtaken } = this.overrides.lay(mergeEndpoints(this.#byFile).value);
    this.overrides.drop(overtaken);
    this.#entries = entries;
    this.#adopt(problems, overtaken);
  }

  /** Frees the slots of endpoints that have drained; to be called about once a second. */
  tick(): void {
    const before = this.#leaving.length;
    const epoch = this.#parts.adoptedEpoch();
    this.#leaving = this.#leaving.filter((leaving) => {
      if (leaving.epoch > epoch || !this.#isDrained(leaving)) return true;
      this.#free(leaving);
      return false;
    });
    const freed = before - this.#leaving.length;
    if (freed > 0 && this.#rejected.length > 0) this.#adopt(this.#problems);
  }

  /** It has nothing in flight, and the next owner of its slot starts with an empty minute. */
  #isDrained({ slot, sinceMs }: Leaving): boolean {
    const { columns, clock } = this.#parts;
    const nowMs = clock.nowMs();
    // The minute is kept even when nothing was sent: one who comes back keeps its counters.
    if (nowMs - sinceMs <= RATE_WINDOW_MS) return false;
    return sumOf(columns, 'inFlight', slot) === 0 && used(columns.shared.rate, slot, nowMs) === 0;
  }

  #free({ id, slot }: Leaving): void {
    if (!this.#slots.release(id)) return;
    this.#parts.onForget(slot);
    clearSlot(this.#parts.columns, slot);
  }

  #adopt(problems: readonly string[], overtaken: readonly Overtaken[] = []): void {
    const before = new Map(this.#endpoints.map((endpoint) => [endpoint.id, endpoint]));
    const epoch = this.spec.epoch + 1;
    const rules = { routing: { strategy: this.#parts.strategy() }, names: this.#names };
    const built = buildRouteTableSpec(this.#entries, rules, this.#slots, epoch);
    const changed: EndpointSpec[] = [];
    // What did not change stays the same object: that is how others know.
    const clusters = built.spec.clusters.map(({ name, endpoints }) => ({
      name,
      endpoints: endpoints.map((endpoint) => {
        const old = before.get(endpoint.id);
        if (old !== undefined && sameEndpoint(old, endpoint)) return old;
        if (old !== undefined) changed.push(endpoint);
        return endpoint;
      }),
    }));
    const spec = { ...built.spec, clusters };
    const endpoints = clusters.flatMap((cluster) => cluster.endpoints);
    const moved = built.added.length + built.removed.length + changed.length;
    const renamed = JSON.stringify(built.spec.names) !== JSON.stringify(this.spec.names);
    const other = renamed || built.spec.strategy !== this.spec.strategy;
    const published = moved > 0 || other || this.spec.epoch === 0;
    const sameTroubles =
      sameTexts(problems, this.#problems) && sameTexts(built.rejected, this.#rejected);
    this.#problems = problems;
    this.#rejected = built.rejected;
    if (published) {
      this.#noteLeaving(built.removed, before, epoch);
      this.spec = spec;
      this.#endpoints = endpoints;
      this.#parts.publish(spec);
    } else if (sameTroubles && overtaken.length === 0) {
      return;
    }
    this.#parts.onChange({
      epoch: this.spec.epoch,
      published,
      added: built.added.map((endpoint) => endpoint.id),
      removed: built.removed,
      changed: changed.map((endpoint) => endpoint.id),
      rejected: built.rejected,
      problems,
      overtaken,
    });
  }

  #noteLeaving(
    removed: readonly string[],
    before: ReadonlyMap<string, EndpointSpec>,
    epoch: number,
  ): void {
    const sinceMs = this.#parts.clock.nowMs();
    // One that came back while it drained stays; its slot must not be freed under it.
    const present = new Set(this.#entries.map((entry) => entry.id));
    this.#leaving = this.#leaving.filter((leaving) => !present.has(leaving.id));
    for (const id of removed) {
      const slot = before.get(id)?.slot;
      if (slot !== undefined) this.#leaving.push({ id, slot, epoch, sinceMs });
    }
  }
}

function rulesOf(byFile: ReadonlyMap<string, FileEndpoints>): NameRules {
  return mergeRules([...byFile.values()].map(({ names }) => names));
}

function sameEndpoint(a: EndpointSpec, b: EndpointSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}

/** Back to the state of a slot that nobody has used. */
function clearSlot(columns: Columns, slot: number): void {
  forgetPrefixes(columns, slot);
  for (const worker of columns.workers) {
    for (const column of Object.values(worker) as (Int32Array | Float64Array)[]) column[slot] = 0;
  }
  const { control, shared } = columns;
  control.operatorState[slot] = 0;
  control.forgivenMs[slot] = 0;
  control.running[slot] = -1;
  control.waiting[slot] = -1;
  control.kvUsage[slot] = Number.NaN;
  control.reportAtMs[slot] = 0;
  control.cacheTokens[slot] = -1;
  control.restarts[slot] = 0;
  shared.probing[slot] = 0;
  shared.recovered[slot] = 0;
  shared.rate.fill(0, slot * RATE_CELLS, (slot + 1) * RATE_CELLS);
  shared.tokens.fill(0, slot * TOKEN_CELLS, (slot + 1) * TOKEN_CELLS);
}
