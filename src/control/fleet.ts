/**
 * The fleet as configured now: reads the endpoint files, gives every endpoint its slot, publishes
 * route tables, and frees the slots of endpoints that left once they have drained.
 *
 * Invariants: a file that breaks keeps its last good endpoints; a reload that changes nothing
 * publishes nothing; a slot is cleared only when no worker can write to it any more.
 */

import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { type FileEndpoints, type Loaded, mergeEndpoints } from '../config/load.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { buildRouteTableSpec, SlotAllocator } from '../config/route-table-spec.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Columns } from '../core/columns.ts';
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import { RATE_CELLS, RATE_WINDOW_MS } from '../core/rate-window.ts';
import { sumOf } from '../state/reader.ts';

export interface FleetParts {
  readonly config: Config;
  readonly columns: Columns;
  readonly clock: Clock;
  publish(spec: RouteTableSpec): void;
  /** The epoch that every worker has reached. */
  adoptedEpoch(): number;
  /** Slots that are about to be given to somebody else. */
  onForget(slot: number): void;
  onChange(change: FleetChange): void;
}

export interface FleetChange {
  readonly epoch: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  readonly rejected: readonly string[];
  readonly problems: readonly string[];
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
  readonly #slots: SlotAllocator;
  #byFile: ReadonlyMap<string, FileEndpoints> = new Map();
  #leaving: Leaving[] = [];
  #endpoints: readonly EndpointSpec[] = [];
  #problems = '';
  spec: RouteTableSpec;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.#slots = new SlotAllocator(parts.columns.slots);
    this.spec = { epoch: 0, strategy: parts.config.routing.strategy, clusters: [] };
  }

  /** All endpoints in the route table; a new array whenever they changed. */
  get endpoints(): readonly EndpointSpec[] {
    return this.#endpoints;
  }

  /** Takes over what was read from the files; publishes only a difference. */
  apply(loaded: Loaded): void {
    const byFile = withLastGood(loaded, this.#byFile);
    this.#byFile = byFile;
    const merged = mergeEndpoints(byFile);
    this.#adopt(merged.value, loaded.problems);
  }

  /** Frees the slots of endpoints that have drained; to be called about once a second. */
  tick(): void {
    const { columns, clock } = this.#parts;
    const epoch = this.#parts.adoptedEpoch();
    const goneBeforeMs = clock.nowMs() - RATE_WINDOW_MS - 1000;
    this.#leaving = this.#leaving.filter((leaving) => {
      if (leaving.epoch > epoch || leaving.sinceMs > goneBeforeMs) return true;
      if (sumOf(columns, 'inFlight', leaving.slot) > 0) return true;
      if (this.#slots.release(leaving.id)) {
        this.#parts.onForget(leaving.slot);
        clearSlot(columns, leaving.slot);
      }
      return false;
    });
  }

  #adopt(entries: readonly EndpointEntry[], problems: readonly Problem[]): void {
    const { config, clock } = this.#parts;
    const before = new Map(this.#endpoints.map((endpoint) => [endpoint.id, endpoint]));
    const epoch = this.spec.epoch + 1;
    const built = buildRouteTableSpec(entries, config, this.#slots, epoch);
    const endpoints = built.spec.clusters.flatMap((cluster) => cluster.endpoints);
    const changed = endpoints.filter((endpoint) => {
      const old = before.get(endpoint.id);
      return old !== undefined && !sameEndpoint(old, endpoint);
    });
    const lines = problems.map(formatProblem);
    const sameProblems = lines.join('\n') === this.#problems;
    const moved = built.added.length + built.removed.length + changed.length;
    if (moved === 0 && sameProblems && this.spec.epoch > 0) return;
    this.#problems = lines.join('\n');
    for (const id of built.removed) {
      const slot = before.get(id)?.slot;
      if (slot !== undefined) this.#leaving.push({ id, slot, epoch, sinceMs: clock.nowMs() });
    }
    // One that came back while it drained stays; its slot must not be freed under it.
    const present = new Set(endpoints.map((endpoint) => endpoint.id));
    this.#leaving = this.#leaving.filter((leaving) => !present.has(leaving.id));
    this.spec = built.spec;
    this.#endpoints = endpoints;
    this.#parts.publish(built.spec);
    this.#parts.onChange({
      epoch,
      added: built.added.map((endpoint) => endpoint.id),
      removed: built.removed,
      changed: changed.map((endpoint) => endpoint.id),
      rejected: built.rejected,
      problems: lines,
    });
  }
}

/** The new files, with the last good content of those that are broken now. */
function withLastGood(
  loaded: Loaded,
  before: ReadonlyMap<string, FileEndpoints>,
): ReadonlyMap<string, FileEndpoints> {
  if (!loaded.listed) return before;
  const files = new Map<string, FileEndpoints>();
  for (const [file, found] of loaded.byFile) {
    files.set(file, found.ok ? found : (before.get(file) ?? found));
  }
  return files;
}

function sameEndpoint(a: EndpointSpec, b: EndpointSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Back to the state of a slot that nobody has used. */
function clearSlot(columns: Columns, slot: number): void {
  for (const worker of columns.workers) {
    for (const column of Object.values(worker) as (Int32Array | Float64Array)[]) column[slot] = 0;
  }
  const { control, shared } = columns;
  control.operatorState[slot] = 0;
  control.running[slot] = -1;
  control.waiting[slot] = -1;
  control.kvUsage[slot] = Number.NaN;
  control.reportAtMs[slot] = 0;
  shared.probing[slot] = 0;
  shared.rate.fill(0, slot * RATE_CELLS, (slot + 1) * RATE_CELLS);
}
