/**
 * What the dashboards read, kept in one place: once a second a snapshot is made, from which the
 * charts, the marks in them and the live viewers are fed. Invariant: the one second's work is all;
 * whoever asks gets what is there.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import { endpointRow } from './endpoint-row.ts';
import type { FleetChange } from './fleet.ts';
import { History } from './history.ts';
import { Live } from './live.ts';
import { ConfigNotes, type SnapshotSources, statusSnapshot } from './snapshot.ts';
import type { EndpointRow, Mark, Problem, StatusSnapshot } from './status.ts';
import { TotalsRates } from './totals-rates.ts';
import type { TrafficReading } from './traffic-stats.ts';

export interface BoardParts extends Omit<SnapshotSources, 'rates' | 'config' | 'reading'> {
  traffic(): TrafficReading;
  /** The Clock, and the wall clock. */
  nowMs(): number;
  wallMs(): number;
}

const MAX_MARKS = 500;
/** How often times and tokens are read when no dashboard is open. */
const UNWATCHED_SECONDS = 5;
/** Below this the two clocks only breathe; above it somebody has set the wall clock. */
const CLOCK_SET_MS = 1000;

export class StatusBoard {
  readonly history = new History();
  readonly live: Live;
  readonly #parts: BoardParts;
  readonly #rates: TotalsRates;
  readonly #config = new ConfigNotes();
  readonly #marks: Mark[] = [];
  /** When troubles began that have no time of their own, or one that begins anew. */
  #firstSeen = new Map<string, number>();
  #wallOffsetMs: number;
  #reading: TrafficReading;
  #status: StatusSnapshot;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.#rates = new TotalsRates(parts.totals);
    this.live = new Live(parts.nowMs);
    this.#wallOffsetMs = parts.wallMs() - parts.nowMs();
    this.#reading = parts.traffic();
    this.#status = this.#read(undefined);
  }

  get status(): StatusSnapshot {
    return this.#status;
  }

  get marks(): readonly Mark[] {
    return this.#marks;
  }

  /** To be called once a second. */
  tick(): void {
    this.#rates.sample();
    const before = this.#status;
    this.#status = this.#read(before);
    this.#markStates(before, this.#status);
    this.history.take(this.#status, this.#rates.retriesPerMinute());
    this.live.publish(before, this.#status);
  }

  /** One endpoint, as it is this moment. */
  rowOf(spec: EndpointSpec): EndpointRow {
    const nowMs = this.#parts.nowMs();
    const moment = { nowMs, wallOffsetMs: this.#wallOffsetMs };
    return endpointRow(this.#parts, spec, moment, this.#reading.endpoints.get(spec.slot));
  }

  /** A reload has changed something. */
  noteChange(change: FleetChange): void {
    const atMs = this.#parts.wallMs();
    this.#config.note(change, atMs);
    if (!change.published) return;
    const { added, removed, changed } = change;
    const text = `+${added.length} −${removed.length} ~${changed.length}`;
    this.#mark({ at_ms: atMs, kind: 'reload', subject: '', text });
  }

  /** What a reload said, also when it was refused or changed no endpoint. */
  noteProblems(problems: readonly string[]): void {
    this.#config.noteProblems(problems);
  }

  #read(before: StatusSnapshot | undefined): StatusSnapshot {
    const nowMs = this.#parts.nowMs();
    const wallOffsetMs = this.#parts.wallMs() - nowMs;
    if (Math.abs(wallOffsetMs - this.#wallOffsetMs) > CLOCK_SET_MS) {
      this.#wallOffsetMs = wallOffsetMs;
    }
    // Merging all histograms is most of a second's work: seldom when nobody looks.
    const seconds = (before?.seq ?? -1) + 1;
    if (this.live.viewers > 0 || seconds % UNWATCHED_SECONDS === 0) {
      this.#reading = this.#parts.traffic();
    }
    const sources = {
      ...this.#parts,
      rates: this.#rates,
      config: this.#config,
      reading: this.#reading,
    };
    const status = statusSnapshot(sources, before, { nowMs, wallOffsetMs: this.#wallOffsetMs });
    return { ...status, problems: this.#dated(status.problems, status.now_at_ms) };
  }

  #dated(problems: readonly Problem[], nowAtMs: number): readonly Problem[] {
    const seen = new Map<string, number>();
    const dated = problems.map((problem) => {
      const { kind, subject, since_at_ms } = problem;
      // An engine that stays sick is ejected again and again: it is sick since the first time.
      if (since_at_ms !== null && kind !== 'endpoint_ejected') return problem;
      const key = `${kind} ${kind === 'config_problem' ? problem.detail : subject}`;
      const sinceAtMs = this.#firstSeen.get(key) ?? since_at_ms ?? nowAtMs;
      seen.set(key, sinceAtMs);
      return { ...problem, since_at_ms: sinceAtMs };
    });
    this.#firstSeen = seen;
    return dated;
  }

  #markStates(before: StatusSnapshot, after: StatusSnapshot): void {
    if (before.router.epoch !== after.router.epoch) return;
    const { endpoints } = before;
    for (let index = 0; index < endpoints.length; index++) {
      const row = after.endpoints[index];
      if (row === undefined || row.state === endpoints[index]!.state) continue;
      this.#mark({ at_ms: after.now_at_ms, kind: 'state', subject: row.id, text: row.state });
    }
  }

  #mark(mark: Mark): void {
    this.#marks.push(mark);
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
  }
}
