/**
 * Active health checks: `GET {api_base}/models` with the endpoint's key, for every endpoint, spread
 * over the interval. One of the three voices of availability (beside ejector and operator).
 * Invariant: this is the only writer of probeState, and at most `maxConcurrency` probes run.
 * Failing endpoints get at most half of that: a rack of dead hosts, each of which costs a full
 * timeout, must not keep the prober from looking at the living. An endpoint in maintenance is left
 * alone.
 */
import type { Clock } from '../core/clock.ts';
import type { ControlColumns } from '../core/columns.ts';
import { OPERATOR_MAINTENANCE, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { Random } from '../core/random.ts';
import { fieldsOf, sameFields } from './endpoint-fields.ts';
import type { FetchText } from './fetch-text.ts';
import type { Finding, ProbeResult, ProbeRules } from './probe-state.ts';
import { isInconclusive, judge, ProbeRecord } from './probe-state.ts';

export interface ProbeChange {
  readonly spec: EndpointSpec;
  /** PROBE_* before and after. */
  readonly from: number;
  readonly to: number;
  /** Why it is not up; '' when it is. */
  readonly reason: string;
  readonly atMs: number;
}

export interface ProberParts {
  /** The endpoints of now; a new array whenever they changed. */
  targets(): readonly EndpointSpec[];
  readonly columns: ControlColumns;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetchText: FetchText;
  /** `health_check.*`. */
  rules(): ProbeRules;
  onChange(change: ProbeChange): void;
  /** Something odd about an endpoint that is up; told once. */
  onNotice(spec: EndpointSpec, notice: string): void;
}

/** Ticks come at least once a second; a longer gap means that this process did not run. */
const PAUSED_MS = 1500;

/** Results kept for each endpoint. */
const RESULTS = 10;

interface Watch {
  spec: EndpointSpec;
  record: ProbeRecord;
  /** The probe under way. */
  running: Promise<void> | undefined;
  /** The last notice, so that it is told once. */
  notice: string;
  /** The engine its last good answers named; '' = none did. */
  engine: string;
  /** Newest last. */
  readonly results: ProbeResult[];
}

export class Prober {
  readonly #parts: ProberParts;
  #targets: readonly EndpointSpec[] = [];
  readonly #watches = new Map<number, Watch>();
  #active = 0;
  #activeFailing = 0;
  #dueLiving: Watch[] = [];
  #dueFailing: Watch[] = [];
  #lastTickMs: number;
  /** Raised after a pause; findings of an older one do not count. */
  #epoch = 0;

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#lastTickMs = parts.clock.nowMs();
  }

  /** Starts every probe that is due. The control plane's timer calls it at least once a second. */
  tick(): void {
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs - this.#lastTickMs > PAUSED_MS) this.#epoch++;
    this.#lastTickMs = nowMs;
    const targets = this.#parts.targets();
    if (targets !== this.#targets) this.#follow(targets, nowMs);
    this.#queue(nowMs);
    this.#start();
  }

  /** What the prober knows of an endpoint; undefined when it is not watched. */
  recordOf(slot: number): Readonly<ProbeRecord> | undefined {
    return this.#watches.get(slot)?.record;
  }

  /** The last probes, newest last. */
  resultsOf(slot: number): readonly ProbeResult[] {
    return this.#watches.get(slot)?.results ?? [];
  }

  /** The engine that its model list names as owner; '' = unknown. */
  engineOf(slot: number): string {
    return this.#watches.get(slot)?.engine ?? '';
  }

  /**
   * Probes now, whatever the bounds, or waits for the probe under way. The result; undefined when
   * the endpoint is not watched or left meanwhile, or when this process was short of sockets.
   */
  async check(slot: number): Promise<ProbeResult | undefined> {
    const watch = this.#watches.get(slot);
    if (watch === undefined) return undefined;
    const before = watch.results.at(-1);
    await (watch.running ?? this.#run(watch, watch.record.failures > 0));
    const result = watch.results.at(-1);
    return result === before ? undefined : result;
  }

  /** Knows nothing of the endpoint any more: no traffic before a good probe, which is due now. */
  restart(slot: number): void {
    const watch = this.#watches.get(slot);
    if (watch === undefined) return;
    watch.record = new ProbeRecord(this.#parts.clock.nowMs());
    this.#parts.columns.probeState[slot] = PROBE_UNKNOWN;
  }

  /** Stops watching a slot; a probe on its way is ignored. */
  forget(slot: number): void {
    if (!this.#watches.delete(slot)) return;
    this.#parts.columns.probeState[slot] = PROBE_UNKNOWN;
  }

  #follow(targets: readonly EndpointSpec[], nowMs: number): void {
    this.#targets = targets;
    const left = new Set(this.#watches.keys());
    for (const spec of targets) {
      left.delete(spec.slot);
      if (spec.own?.probed === false) {
        this.forget(spec.slot);
        this.#parts.columns.probeState[spec.slot] = PROBE_UP;
        continue;
      }
      const watch = this.#watches.get(spec.slot);
      if (watch !== undefined && watch.spec.id === spec.id) {
        if (!sameFields(fieldsOf(watch.spec), fieldsOf(spec))) watch.record.nextAtMs = nowMs;
        watch.spec = spec;
        continue;
      }
      this.#watches.set(spec.slot, newWatch(spec, nowMs));
      this.#parts.columns.probeState[spec.slot] = PROBE_UNKNOWN;
    }
    for (const slot of left) this.forget(slot);
  }

  /** Lists what is due, the longest overdue first; between ticks probes that end start the next. */
  #queue(nowMs: number): void {
    const due: Watch[] = [];
    for (const watch of this.#watches.values()) {
      if (this.#isMuted(watch)) continue;
      if (watch.running === undefined && watch.record.nextAtMs <= nowMs) due.push(watch);
    }
    due.sort((a, b) => a.record.nextAtMs - b.record.nextAtMs);
    this.#dueFailing = due.filter((watch) => watch.record.failures > 0);
    this.#dueLiving = due.filter((watch) => watch.record.failures === 0);
  }

  #start(): void {
    const { maxConcurrency } = this.#parts.rules();
    const maxFailing = Math.max(1, maxConcurrency >> 1);
    while (this.#active < maxConcurrency) {
      const living = this.#dueLiving.shift();
      if (living !== undefined) {
        void this.#run(living, false);
        continue;
      }
      if (this.#activeFailing >= maxFailing) return;
      const failing = this.#dueFailing.shift();
      if (failing === undefined) return;
      void this.#run(failing, true);
    }
  }

  #isMuted({ spec }: Watch): boolean {
    return this.#parts.columns.operatorState[spec.slot] === OPERATOR_MAINTENANCE;
  }

  #run(watch: Watch, failing: boolean): Promise<void> {
    // What is due may have left, or been checked by request, since it was listed.
    if (this.#watches.get(watch.spec.slot) !== watch) return Promise.resolve();
    if (watch.running !== undefined) return watch.running;
    watch.running = this.#probe(watch, failing);
    return watch.running;
  }

  async #probe(watch: Watch, failing: boolean): Promise<void> {
    const { spec, record } = watch;
    const rules = this.#parts.rules();
    const epoch = this.#epoch;
    const startMs = this.#parts.clock.nowMs();
    this.#active++;
    if (failing) this.#activeFailing++;
    const url = `${spec.apiBase.replace(/\/+$/, '')}/models`;
    const answer = await this.#parts.fetchText(url, rules.timeoutMs, fieldsOf(spec));
    watch.running = undefined;
    this.#active--;
    if (failing) this.#activeFailing--;
    const nowMs = this.#parts.clock.nowMs();
    // The timer of a probe can fire before the first tick after a pause: look at both.
    const paused = epoch !== this.#epoch || nowMs - this.#lastTickMs > PAUSED_MS;
    if (paused || !sameFields(fieldsOf(watch.spec), fieldsOf(spec))) watch.record.nextAtMs = nowMs;
    else if (isInconclusive(answer)) record.plan(nowMs, rules, this.#parts.random.next());
    else if (this.#watches.get(spec.slot) === watch) {
      const finding = judge(answer, spec.upstreamModel, rules.timeoutMs);
      watch.results.push({ ...finding, atMs: nowMs, tookMs: nowMs - startMs });
      if (watch.results.length > RESULTS) watch.results.shift();
      // In maintenance it was asked for and says nothing to anybody else.
      const muted = this.#isMuted(watch);
      if (!muted && watch.record === record) this.#take(watch, finding, nowMs);
    }
    this.#start();
  }

  #take(watch: Watch, finding: Finding, nowMs: number): void {
    const { record, spec } = watch;
    const rules = this.#parts.rules();
    const from = record.state;
    const changed = record.take(finding, nowMs, rules);
    record.plan(nowMs, rules, this.#parts.random.next());
    this.#parts.columns.probeState[spec.slot] = record.state;
    if (finding.notice !== '' && finding.notice !== watch.notice) {
      this.#parts.onNotice(spec, finding.notice);
    }
    if (finding.up) {
      watch.notice = finding.notice;
      watch.engine = finding.engine;
    }
    if (!changed) return;
    const { state: to, reason } = record;
    this.#parts.onChange({ spec, from, to, reason, atMs: nowMs });
  }
}

function newWatch(spec: EndpointSpec, nowMs: number): Watch {
  return {
    spec,
    record: new ProbeRecord(nowMs),
    running: undefined,
    notice: '',
    engine: '',
    results: [],
  };
}
