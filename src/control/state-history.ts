/**
 * The last changes of each endpoint's state, for its page: what it became, why and when.
 * Invariant: bounded by CHANGES per endpoint that is configured now; an endpoint that left is
 * forgotten at the next look. What changed and changed back untold between two looks is not seen.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import type { HealthReport } from './endpoint-state.ts';
import type { EndpointState } from './status.ts';

export interface StateChange {
  readonly state: EndpointState;
  readonly reason: string;
  readonly detail: string;
  /** Unix milliseconds: since when it is so, or when that was noticed. */
  readonly at_ms: number;
}

/** Changes kept for each endpoint. */
const CHANGES = 10;

interface Kept {
  readonly changes: StateChange[];
  look: number;
}

export class StateHistory {
  readonly #stateOf: (spec: EndpointSpec) => HealthReport;
  readonly #wallMs: () => number;
  readonly #kept = new Map<string, Kept>();
  #looks = 0;

  constructor(stateOf: (spec: EndpointSpec) => HealthReport, wallMs: () => number) {
    this.#stateOf = stateOf;
    this.#wallMs = wallMs;
  }

  /** Notes what is new; to be called about once a second. */
  look(endpoints: readonly EndpointSpec[]): void {
    const look = ++this.#looks;
    for (const spec of endpoints) this.note(spec);
    for (const [id, kept] of this.#kept) if (kept.look !== look) this.#kept.delete(id);
  }

  /** The same for one endpoint, which somebody knows to have changed. */
  note(spec: EndpointSpec): void {
    let kept = this.#kept.get(spec.id);
    if (kept === undefined) {
      kept = { changes: [], look: 0 };
      this.#kept.set(spec.id, kept);
    }
    kept.look = this.#looks;
    this.#add(kept.changes, this.#stateOf(spec));
  }

  /** The last changes, newest last. */
  changesOf(id: string): readonly StateChange[] {
    return this.#kept.get(id)?.changes ?? [];
  }

  #add(changes: StateChange[], now: HealthReport): void {
    const { state, reason, detail } = now;
    const last = changes.at(-1);
    if (last?.state === state && last.reason === reason) return;
    const wallMs = this.#wallMs();
    // A state may have begun before the last one was noticed; the list stays in order.
    const sinceMs = last?.state === state ? wallMs : (now.since_at_ms ?? wallMs);
    changes.push({ state, reason, detail, at_ms: Math.max(sinceMs, last?.at_ms ?? 0) });
    if (changes.length > CHANGES) changes.shift();
  }
}
