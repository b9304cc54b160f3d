/**
 * The operator's voice: which endpoints an operator took out, who did it, and when.
 * Invariant: this is the only writer of operatorState and forgivenMs.
 */
import type { Clock } from '../core/clock.ts';
import {
  type ControlColumns,
  OPERATOR_DRAINING,
  OPERATOR_ENABLED,
  OPERATOR_MAINTENANCE,
} from '../core/columns.ts';

/** `maintenance` is `draining` with probes and alerts muted. */
export type OperatorState = 'enabled' | 'draining' | 'maintenance';

export interface OperatorNote {
  readonly state: OperatorState;
  /** Who asked for it: `admin API`, `llm-router drain`. */
  readonly by: string;
  readonly sinceMs: number;
}

const NUMBERS: Readonly<Record<OperatorState, number>> = {
  enabled: OPERATOR_ENABLED,
  draining: OPERATOR_DRAINING,
  maintenance: OPERATOR_MAINTENANCE,
};

export class OperatorStates {
  readonly #columns: ControlColumns;
  readonly #clock: Clock;
  readonly #notes = new Map<number, OperatorNote>();

  constructor(columns: ControlColumns, clock: Clock) {
    this.#columns = columns;
    this.#clock = clock;
  }

  /** False when it is so already; then the note of who did it stays. */
  set(slot: number, state: OperatorState, by: string): boolean {
    if (this.#columns.operatorState[slot] === NUMBERS[state]) return false;
    const wasMaintained = this.#columns.operatorState[slot] === OPERATOR_MAINTENANCE;
    this.#notes.set(slot, { state, by, sinceMs: this.#clock.nowMs() });
    this.#columns.operatorState[slot] = NUMBERS[state];
    // What failed while somebody worked on it says nothing about what it is now.
    if (wasMaintained) this.forgive(slot);
    return true;
  }

  /** Ends an ejection and forgets the failures that led to it. */
  forgive(slot: number): void {
    this.#columns.forgivenMs[slot] = this.#clock.nowMs();
  }

  /** The last change by an operator; undefined when there was none. */
  noteOf(slot: number): OperatorNote | undefined {
    return this.#notes.get(slot);
  }

  /** The slot goes to somebody else. */
  forget(slot: number): void {
    this.#notes.delete(slot);
  }
}
