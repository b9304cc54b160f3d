/**
 * Reads the engines' metrics pages, so that `least-waiting` and the dashboard know their load.
 * Engines have become unresponsive from being scraped too eagerly: so one scrape at a time for each
 * engine (however many models it serves), a bound over all, long pauses after errors, and an engine
 * that needs `d` to answer is asked at most every 10 d.
 * Invariant: this is the only writer of running, waiting, kvUsage, reportAtMs, cacheTokens and
 * restarts. What is not known is -1 or NaN; an old value keeps its old time, so readers see that it
 * is stale.
 */
import type { Clock } from '../core/clock.ts';
import { type ControlColumns, OPERATOR_MAINTENANCE } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { Random } from '../core/random.ts';
import { readReport } from './dialects/detect.ts';
import type { EngineReport } from './dialects/dialect.ts';
import { type EndpointFields, fieldsOf, sameFields } from './endpoint-fields.ts';
import { RestartWatch } from './engine-restart.ts';
import type { FetchText } from './fetch-text.ts';

export interface ScraperParts {
  /** The endpoints of now; a new array whenever they changed. */
  targets(): readonly EndpointSpec[];
  readonly columns: ControlColumns;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetchText: FetchText;
  /** `monitor.collect_interval`, in milliseconds. */
  intervalMs(): number;
}

const TIMEOUT_MS = 5000;
const ABSENT_RETRY_MS = 600_000;
const ERROR_RETRY_MS = 60_000;
const SLOWNESS_FACTOR = 10;
const MAX_REST_MS = SLOWNESS_FACTOR * TIMEOUT_MS;
const MAX_CONCURRENT = 64;
/** trtllm-serve has its text page at the second one; its `/metrics` is JSON. */
const PATHS = ['/metrics', '/prometheus/metrics'];

/** One engine: all endpoints that share an address. */
interface Engine {
  readonly root: string;
  endpoints: EndpointSpec[];
  /** What its scrapes carry: the fields of the first endpoint that has any. */
  fields: EndpointFields;
  /** Index into PATHS of the page that was understood last. */
  path: number;
  nextAtMs: number;
  busy: boolean;
  /** Scrapes so far. */
  scrapes: number;
  report: EngineReport | undefined;
  reportAtMs: number;
  readonly restartWatch: RestartWatch;
  /** Seen so far. */
  restarts: number;
}

interface Outcome {
  readonly report: EngineReport | undefined;
  /** How long to leave the engine alone at least. */
  readonly pauseMs: number;
}

export class Scraper {
  readonly #parts: ScraperParts;
  #targets: readonly EndpointSpec[] = [];
  #engines = new Map<string, Engine>();
  readonly #bySlot = new Map<number, Engine>();
  readonly #byId = new Map<string, Engine>();
  #active = 0;
  #due: Engine[] = [];

  constructor(parts: ScraperParts) {
    this.#parts = parts;
  }

  /** Starts every scrape that is due. Called by the control plane's timer. */
  tick(): void {
    const targets = this.#parts.targets();
    if (targets !== this.#targets) this.#follow(targets);
    const nowMs = this.#parts.clock.nowMs();
    this.#due = [...this.#engines.values()].filter(
      (engine) => !engine.busy && engine.nextAtMs <= nowMs && !this.#isMuted(engine),
    );
    // The longest overdue first: the bound must not starve anybody.
    this.#due.sort((a, b) => a.nextAtMs - b.nextAtMs);
    this.#start();
  }

  /** Looks again at the next tick: the prober found the endpoint up. */
  retryNow(id: string): void {
    const engine = this.#byId.get(id);
    if (engine !== undefined) engine.nextAtMs = this.#parts.clock.nowMs();
  }

  /** The last report of the engine behind a slot. */
  reportOf(slot: number): EngineReport | undefined {
    return this.#bySlot.get(slot)?.report;
  }

  /** Somebody works on all that it serves. */
  #isMuted({ endpoints }: Engine): boolean {
    const { operatorState } = this.#parts.columns;
    return endpoints.every(({ slot }) => operatorState[slot] === OPERATOR_MAINTENANCE);
  }

  /** Starts what is due, as far as the bound allows; scrapes that end start the next. */
  #start(): void {
    while (this.#active < MAX_CONCURRENT) {
      const engine = this.#due.shift();
      if (engine === undefined) return;
      void this.#scrape(engine);
    }
  }

  async #scrape(engine: Engine): Promise<void> {
    if (this.#engines.get(engine.root) !== engine) return;
    const startMs = this.#parts.clock.nowMs();
    engine.busy = true;
    this.#active++;
    const { fields } = engine;
    const outcome = await this.#fetch(engine);
    engine.busy = false;
    this.#active--;
    if (this.#engines.get(engine.root) === engine) this.#take(engine, outcome, startMs);
    // Refused with a key that was changed meanwhile says nothing about the new one.
    if (engine.fields !== fields) engine.nextAtMs = this.#parts.clock.nowMs();
    this.#start();
  }

  #take(engine: Engine, { report, pauseMs }: Outcome, startMs: number): void {
    const { clock, random } = this.#parts;
    if (report !== undefined) {
      engine.report = report;
      if (engine.restartWatch.take(report)) engine.restarts++;
      // The page may be as old as the question.
      engine.reportAtMs = startMs;
      for (const endpoint of engine.endpoints) this.#publish(endpoint.slot, engine);
    }
    const nowMs = clock.nowMs();
    const intervalMs = this.#parts.intervalMs();
    // Bounded, since the process itself may have stood still meanwhile.
    const restMs = Math.min(SLOWNESS_FACTOR * (nowMs - startMs), MAX_REST_MS);
    const gapMs = Math.max(intervalMs, restMs, pauseMs);
    // Engines that were first asked together are asked apart from then on.
    const phase = engine.scrapes++ === 0 ? 0.5 + random.next() : 1;
    engine.nextAtMs = startMs + gapMs * phase;
  }

  async #fetch(engine: Engine): Promise<Outcome> {
    let pauseMs = ERROR_RETRY_MS;
    for (let turn = 0; turn < PATHS.length; turn++) {
      const path = (engine.path + turn) % PATHS.length;
      const url = engine.root + PATHS[path]!;
      const { status, text, error } = await this.#parts.fetchText(url, TIMEOUT_MS, engine.fields);
      if (error !== '') return { report: undefined, pauseMs: ERROR_RETRY_MS };
      if (status === 200) {
        const report = readReport(text);
        if (report.engine !== 'unknown') {
          engine.path = path;
          return { report, pauseMs: 0 };
        }
        pauseMs = ERROR_RETRY_MS;
      } else if (status === 404) {
        if (turn === 0) pauseMs = ABSENT_RETRY_MS;
      } else {
        return { report: undefined, pauseMs: ERROR_RETRY_MS };
      }
    }
    return { report: undefined, pauseMs };
  }

  /** Brings the engines in line with new targets; an engine that stays keeps its report. */
  #follow(targets: readonly EndpointSpec[]): void {
    const before = this.#engines;
    const left = new Set(this.#bySlot.keys());
    this.#targets = targets;
    this.#engines = new Map();
    this.#bySlot.clear();
    this.#byId.clear();
    for (const endpoint of targets) {
      if (endpoint.sourceType === 'openai') continue;
      const engine = this.#join(endpoint, before);
      this.#bySlot.set(endpoint.slot, engine);
      this.#byId.set(endpoint.id, engine);
      this.#publish(endpoint.slot, engine);
      left.delete(endpoint.slot);
    }
    for (const slot of left) this.#publish(slot, undefined);
    for (const engine of this.#engines.values()) this.#dress(engine);
  }

  /** Whoever was refused for its key and has a new one now is asked at once. */
  #dress(engine: Engine): void {
    const all = engine.endpoints.map(fieldsOf);
    const fields = all.find((one) => Object.keys(one).length > 0) ?? {};
    if (sameFields(fields, engine.fields)) return;
    engine.fields = fields;
    engine.nextAtMs = this.#parts.clock.nowMs();
  }

  #join(endpoint: EndpointSpec, before: ReadonlyMap<string, Engine>): Engine {
    const root = rootOf(endpoint.apiBase);
    let engine = this.#engines.get(root);
    if (engine === undefined) {
      engine = before.get(root) ?? newEngine(root, this.#parts.clock.nowMs());
      engine.endpoints = [];
      this.#engines.set(root, engine);
    }
    engine.endpoints.push(endpoint);
    return engine;
  }

  #publish(slot: number, engine: Engine | undefined): void {
    const { columns } = this.#parts;
    const report = engine?.report;
    columns.running[slot] = report?.running ?? -1;
    columns.waiting[slot] = report?.waiting ?? -1;
    columns.kvUsage[slot] = report?.kvUsage ?? Number.NaN;
    columns.reportAtMs[slot] = engine?.reportAtMs ?? 0;
    columns.cacheTokens[slot] = report?.cacheTokens ?? -1;
    columns.restarts[slot] = engine?.restarts ?? 0;
  }
}

function newEngine(root: string, nowMs: number): Engine {
  return {
    root,
    endpoints: [],
    fields: {},
    path: 0,
    nextAtMs: nowMs,
    busy: false,
    scrapes: 0,
    report: undefined,
    reportAtMs: 0,
    restartWatch: new RestartWatch(),
    restarts: 0,
  };
}

/** `http://host:8000/v1` → `http://host:8000`: metrics stand beside the API, not below it. */
function rootOf(apiBase: string): string {
  return apiBase.replace(/\/+$/, '').replace(/\/v1$/, '');
}
