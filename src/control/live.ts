/**
 * `/api/live`: the snapshot and its changes as server-sent events to any number of viewers.
 * Invariants: an event is encoded once, however many watch, and not at all when nobody does; a
 * viewer that does not read holds one event at most in this process's memory beyond what its
 * socket takes, gets a whole snapshot once it reads again, and is dropped after half a minute.
 */
import type { ServerResponse } from 'node:http';
import type { RowChanges, StatusDelta, StatusSnapshot } from './status.ts';

const MAX_VIEWERS = 256;
const HUNG_MS = 30_000;
/** Below this much in its queue a viewer still counts as reading. */
const QUEUE_BYTES = 64 * 1024;
const HEADERS = {
  'Content-Type': 'text/event-stream',
  // For a reverse proxy between, as nginx reads it.
  'X-Accel-Buffering': 'no',
};

interface Viewer {
  readonly response: ServerResponse;
  /** Since when it has not read; 0 = it reads. */
  hungAtMs: number;
  /** It has missed an event, or had none yet. */
  needsAll: boolean;
}

export class Live {
  readonly #viewers = new Set<Viewer>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How many watch. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Serves a viewer from now on, beginning with `status`. */
  open(response: ServerResponse, status: StatusSnapshot): void {
    if (this.#viewers.size >= MAX_VIEWERS) {
      response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '5' });
      response.end(`${MAX_VIEWERS} dashboards are open already; poll /admin/status instead.\n`);
      return;
    }
    const viewer: Viewer = { response, hungAtMs: 0, needsAll: false };
    response.writeHead(200, HEADERS);
    response.write(`retry: 2000\n\n`);
    response.write(snapshotEvent(status));
    this.#viewers.add(viewer);
    response.on('close', () => this.#viewers.delete(viewer));
    response.on('error', () => this.#viewers.delete(viewer));
  }

  /** Tells all viewers what has changed. */
  publish(before: StatusSnapshot, after: StatusSnapshot): void {
    if (this.#viewers.size === 0) return;
    const delta = deltaOf(before, after);
    const change = delta === undefined ? undefined : eventOf('delta', delta);
    let whole: Buffer | undefined;
    for (const viewer of this.#viewers) {
      if (this.#isHung(viewer)) continue;
      if (viewer.needsAll || change === undefined) whole ??= snapshotEvent(after);
      viewer.response.write(viewer.needsAll ? whole! : (change ?? whole!));
      viewer.needsAll = false;
    }
  }

  close(): void {
    for (const { response } of this.#viewers) response.destroy();
    this.#viewers.clear();
  }

  /** True: this event is not for it. */
  #isHung(viewer: Viewer): boolean {
    const { response } = viewer;
    if (response.writableLength <= QUEUE_BYTES) {
      viewer.hungAtMs = 0;
      return false;
    }
    viewer.needsAll = true;
    const nowMs = this.#nowMs();
    viewer.hungAtMs ||= nowMs;
    if (nowMs - viewer.hungAtMs >= HUNG_MS) {
      this.#viewers.delete(viewer);
      response.destroy();
    }
    return true;
  }
}

function snapshotEvent(status: StatusSnapshot): Buffer {
  return eventOf('snapshot', status);
}

function eventOf(kind: string, data: object): Buffer {
  return Buffer.from(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** What differs (exported for tests); undefined when rows came, went or changed their order. */
export function deltaOf(before: StatusSnapshot, after: StatusSnapshot): StatusDelta | undefined {
  const models = rowChanges(before.models, after.models, 'model');
  const endpoints = rowChanges(before.endpoints, after.endpoints, 'id');
  if (models === undefined || endpoints === undefined) return undefined;
  const { seq, now_at_ms, problems, sources, config } = after;
  return {
    seq,
    now_at_ms,
    ...nonEmpty('router', fieldChanges(before.router, after.router)),
    ...nonEmpty('traffic', fieldChanges(before.traffic, after.traffic)),
    ...nonEmpty('models', models),
    ...nonEmpty('endpoints', endpoints),
    ...(isSame(before.problems, problems) ? {} : { problems }),
    ...(isSame(before.sources, sources) ? {} : { sources }),
    ...(isSame(before.config, config) ? {} : { config }),
  };
}

function rowChanges<Row extends object>(
  before: readonly Row[],
  after: readonly Row[],
  key: keyof Row,
): RowChanges<Row> | undefined {
  if (before.length !== after.length) return undefined;
  const changes: Record<string, Partial<Row>> = {};
  for (let index = 0; index < after.length; index++) {
    const old = before[index]!;
    const row = after[index]!;
    if (row === old) continue;
    if (old[key] !== row[key]) return undefined;
    const fields = fieldChanges(old, row);
    if (Object.keys(fields).length > 0) changes[index] = fields;
  }
  return changes;
}

function fieldChanges<T extends object>(before: T, after: T): Partial<T> {
  const changes: Partial<T> = {};
  for (const key in after) if (before[key] !== after[key]) changes[key] = after[key];
  return changes;
}

function nonEmpty<K extends string, V extends object>(key: K, value: V): { [key in K]?: V } {
  return Object.keys(value).length === 0 ? {} : ({ [key]: value } as { [key in K]?: V });
}

function isSame(a: object, b: object): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
