// HOT PATH
/**
 * A second strategy that is asked, never obeyed: how often it would have gone elsewhere, and how
 * long the first byte would have taken there, by the estimate that `prefix-aware` uses, beside what
 * it takes where the request went.
 *
 * bench: bench/prompt.ts
 */
import { Ask, copyDecision, type Decision } from './ask.ts';
import type { Columns } from './columns.ts';
import { LeastWork } from './pickers/least-work.ts';
import type { Gate, Pool } from './pickers/picker.ts';
import type { PrefixIndex } from './prefix-index.ts';
import type { Random } from './random.ts';
import type { Strategy } from './strategy.ts';

/** Sums since the last look. */
export interface ShadowTally {
  readonly strategy: string;
  readonly decisions: number;
  readonly elsewhere: number;
  /** Estimated time to the first byte, added up: where requests went, and where not. */
  readonly estimatedMs: number;
  readonly shadowEstimatedMs: number;
}

export class Shadow {
  readonly strategy: Strategy;
  readonly #estimator: LeastWork;
  readonly #ask = new Ask();
  #decisions = 0;
  #elsewhere = 0;
  #estimatedMs = 0;
  #shadowEstimatedMs = 0;

  constructor(strategy: Strategy, columns: Columns, index: PrefixIndex) {
    this.strategy = strategy;
    this.#estimator = new LeastWork(columns, index);
  }

  /** The request of `asked` went to the member its decision names; what would this one do? */
  consider(pool: Pool, gate: Gate, random: Random, asked: Ask): void {
    const ask = this.#ask;
    ask.nowMs = asked.nowMs;
    ask.prompt = asked.prompt;
    ask.session = asked.session;
    const { member } = asked.decision;
    const other = this.strategy.pick(pool, gate, random, ask);
    if (member < 0 || other < 0) return;
    this.#decisions++;
    if (other !== member) this.#elsewhere++;
    this.#estimatedMs += this.#estimate(pool, member);
    this.#lend(asked.decision);
    this.#shadowEstimatedMs += this.#estimate(pool, other);
  }

  /** What was counted since the last call. */
  take(): ShadowTally {
    const tally = {
      strategy: this.strategy.name,
      decisions: this.#decisions,
      elsewhere: this.#elsewhere,
      estimatedMs: this.#estimatedMs,
      shadowEstimatedMs: this.#shadowEstimatedMs,
    };
    this.#decisions = 0;
    this.#elsewhere = 0;
    this.#estimatedMs = 0;
    this.#shadowEstimatedMs = 0;
    return tally;
  }

  /** Gives the estimate to a decision that was made without one: the ledger needs its numbers. */
  #lend(to: Decision): void {
    if (to.promptTokens > 0) return;
    const { affinity, member, session } = to;
    copyDecision(this.#ask.decision, to);
    to.affinity = affinity;
    to.member = member;
    to.session = session;
  }

  #estimate(pool: Pool, member: number): number {
    this.#estimator.take(pool, member, this.#ask);
    return this.#ask.decision.estimatedMs;
  }
}
