/**
 * The health of the fleet for whoever shows or changes it: state with reason and time, the last
 * probes and changes of an endpoint, probing now, and the operator's word. Puts together the
 * prober, the operator's notes and the columns; owns none of their rules.
 */
import type { Clock } from '../core/clock.ts';
import { type Columns, OPERATOR_MAINTENANCE } from '../core/columns.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { noteRecovery } from '../core/slow-start.ts';
import { type HealthReport, healthOf, type StateSources, stateOf } from './endpoint-state.ts';
import { type OperatorState, OperatorStates } from './operator-states.ts';
import type { ProbeResult } from './probe-state.ts';
import type { Prober } from './prober.ts';
import { type StateChange, StateHistory } from './state-history.ts';
import type { Health } from './status.ts';

export interface FleetHealthParts {
  readonly columns: Columns;
  readonly clock: Clock;
  readonly wallMs: () => number;
  readonly slowStartMs: () => number;
  readonly prober: Prober;
}

/** A probe as pages show it; times are Unix milliseconds. */
export interface ProbeView {
  readonly at_ms: number;
  readonly took_ms: number;
  readonly up: boolean;
  /** Why not, or what is odd about it; '' = all is well. */
  readonly reason: string;
  readonly detail: string;
}

/** Below this the two clocks only breathe; above it somebody has set the wall clock. */
const CLOCK_SET_MS = 1000;

export class FleetHealth {
  readonly #parts: FleetHealthParts;
  readonly #operator: OperatorStates;
  readonly #history: StateHistory;
  readonly #sources: StateSources;
  #wallOffsetMs: number;

  constructor(parts: FleetHealthParts) {
    this.#parts = parts;
    this.#operator = new OperatorStates(parts.columns.control, parts.clock);
    this.#wallOffsetMs = parts.wallMs() - parts.clock.nowMs();
    const wallOffsetMs = () => this.#wallOffsetMs;
    this.#sources = { ...parts, wallOffsetMs, operator: this.#operator };
    this.#history = new StateHistory((spec) => this.stateOf(spec), parts.wallMs);
  }

  stateOf(spec: EndpointSpec): HealthReport {
    return stateOf(this.#sources, spec);
  }

  healthOf(slot: number): Health {
    return healthOf(this.#sources, slot);
  }

  /** The last state changes, newest last. */
  changesOf({ id }: EndpointSpec): readonly StateChange[] {
    return this.#history.changesOf(id);
  }

  /** The last probes, newest last. */
  probesOf({ slot }: EndpointSpec): ProbeView[] {
    return this.#parts.prober.resultsOf(slot).map((result) => this.#view(result));
  }

  /** Probes now; undefined when nothing was learned about the endpoint. */
  async check({ slot }: EndpointSpec): Promise<ProbeView | undefined> {
    const result = await this.#parts.prober.check(slot);
    return result === undefined ? undefined : this.#view(result);
  }

  /** `by` says who asked; false when it was so already. */
  setOperatorState(spec: EndpointSpec, state: OperatorState, by: string): boolean {
    const { columns, clock } = this.#parts;
    const { slot } = spec;
    const wasMaintained = columns.control.operatorState[slot] === OPERATOR_MAINTENANCE;
    if (wasMaintained && state !== 'maintenance') {
      // Before it is enabled: most likely its engine was started anew, and perhaps not yet.
      this.#parts.prober.restart(slot);
      noteRecovery(columns, slot, clock.nowMs());
    }
    const changed = this.#operator.set(slot, state, by);
    if (changed) this.note(spec);
    return changed;
  }

  /** Ends an ejection and forgets the failures that led to it. */
  resetEjection(spec: EndpointSpec): void {
    this.#operator.forgive(spec.slot);
    this.note(spec);
  }

  /** Something about the endpoint has just changed: a page should show it, however short it was. */
  note(spec: EndpointSpec): void {
    this.#history.note(spec);
  }

  /** Notes what changed; to be called about once a second. */
  look(endpoints: readonly EndpointSpec[]): void {
    const offsetMs = this.#parts.wallMs() - this.#parts.clock.nowMs();
    if (Math.abs(offsetMs - this.#wallOffsetMs) > CLOCK_SET_MS) this.#wallOffsetMs = offsetMs;
    this.#history.look(endpoints);
  }

  /** The slot goes to somebody else. */
  forget(slot: number): void {
    this.#parts.prober.forget(slot);
    this.#operator.forget(slot);
  }

  #view({ atMs, tookMs, up, code, reason, notice }: ProbeResult): ProbeView {
    const at_ms = Math.round(atMs + this.#wallOffsetMs);
    const odd = notice === '' ? '' : 'notice';
    return {
      at_ms,
      took_ms: Math.round(tookMs),
      up,
      reason: code || odd,
      detail: reason || notice,
    };
  }
}
