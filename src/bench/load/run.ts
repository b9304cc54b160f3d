/**
 * One run in one worker: takes its share of the load, and ends when the load has ended and what
 * was on its way has come back, or `drainMs` have passed.
 *
 * Closed loop: every user sends, waits for the answer, and sends again. Open loop: requests are
 * due by the schedule whatever the answers do. In both, a conversation goes on after its answer.
 */
import { Xorshift } from '../../core/random.ts';
import type { Pool } from '../client/pool.ts';
import { SHOT_FAILED, Shot, type ShotOwner } from '../client/shot.ts';
import { drawAt, type Prepared, type PromptSource } from '../data/source.ts';
import { Outcomes } from '../measure/outcomes.ts';
import { score } from '../measure/score.ts';
import { LATE, Tally, UNFINISHED } from '../measure/tally.ts';
import type { RunPlan, WorkerPlan } from '../plan.ts';
import { Arrivals } from './arrivals.ts';

/** A send this much before its time is on time: timers have a grain of a millisecond. */
const EARLY_MS = 0.5;
/** Later than this a send is the generator's fault. */
const LATE_MS = 5;
/** After a failure without an answer a user waits, or a dead server gets a storm. */
const AFTER_FAILURE_MS = 100;
/** At most this many sends before answers are looked at again. */
const BURST = 256;
const CANCELS = 7;
const CANCEL_TIMES = 8;

export interface RunParts {
  readonly plan: WorkerPlan;
  readonly run: RunPlan;
  readonly pool: Pool;
  readonly source: PromptSource;
  /** Called once. */
  readonly onEnd: () => void;
}

export class LoadRun implements ShotOwner {
  readonly outcomes: Outcomes;
  readonly #parts: RunParts;
  readonly #tallies: Tally[];
  readonly #arrivals: Arrivals;
  readonly #taken: Int32Array;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stage = 0;
  /** Requests submitted and not ended, and conversations thinking. */
  #running = 0;
  /** Users of the closed loop that are at work. */
  #users = 0;
  #arrivalsOver = false;
  #closing = false;
  #ended = false;

  constructor(parts: RunParts) {
    const { plan, run } = parts;
    const stages = run.load.stages.length;
    this.#parts = parts;
    this.outcomes = new Outcomes(plan.client.keepsDetails);
    this.#tallies = run.load.stages.map(
      (_, stage) => new Tally(run.tallies, plan.index * stages + stage),
    );
    this.#arrivals = new Arrivals(run.load, new Xorshift(run.load.seed));
    this.#taken = new Int32Array(run.taken);
  }

  start(): void {
    const { pool, run } = this.#parts;
    this.#after(run.startMs - pool.nowMs(), () => {
      this.#enter(0);
      if (this.#isOpen()) this.#tick(this.#nextArrival());
    });
  }

  /** Sends nothing new; what is on its way may end. */
  stop(): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const shot of this.#parts.pool.takeWaiting()) this.#dropped(shot);
    const timer = setTimeout(() => this.cut(), this.#parts.run.drainMs);
    this.#timers.add(timer);
    this.#endIfDone();
  }

  /** Ends everything now. */
  cut(): void {
    this.stop();
    this.#parts.pool.nowMs();
    this.#parts.pool.close();
    this.#running = 0;
    this.#endIfDone();
  }

  waiting(): number {
    return this.#parts.pool.waiting();
  }

  finished(shot: Shot, outcome: number, errorClass: string, example: string): void {
    const { pool, plan, source } = this.#parts;
    const nowMs = pool.eventMs;
    score(shot, outcome, nowMs, plan.client.goodput);
    this.outcomes.add(shot, outcome, nowMs);
    if (outcome === SHOT_FAILED) this.outcomes.addError(errorClass, example);
    this.#running--;
    const turn = shot.session < 0 ? undefined : source.after(shot.session, shot.text);
    if (this.#closing) {
      this.#endIfDone();
    } else if (turn !== undefined) {
      this.#running++;
      this.#after(plan.data.thinkMs, () => {
        this.#running--;
        this.#submit(turn, pool.eventMs);
      });
    } else if (!this.#isOpen()) {
      const answered = outcome !== SHOT_FAILED || errorClass.startsWith('HTTP');
      if (answered) this.#nextOfUser();
      else this.#after(AFTER_FAILURE_MS, () => this.#nextOfUser());
    } else this.#endIfOver();
  }

  /** What never got a connection. */
  #dropped(shot: Shot): void {
    shot.tally.counts[UNFINISHED]!++;
    this.#running--;
  }

  #isOpen(): boolean {
    const { load } = this.#parts.run;
    return load.byTrace || load.stages[0]!.rate > 0;
  }

  /** Goes to a stage, and to the next ones when their time comes. */
  #enter(stage: number): void {
    const { run, pool } = this.#parts;
    const { stages } = run.load;
    if (stage === stages.length) {
      this.stop();
      return;
    }
    this.#stage = stage;
    const { concurrency } = stages[stage]!;
    pool.setLimit(this.#isOpen() ? this.#share(concurrency) : 0);
    const untilMs = this.#endOf(stage);
    if (untilMs > 0) this.#after(untilMs - pool.nowMs(), () => this.#enter(stage + 1));
    if (this.#isOpen()) return;
    const wanted = this.#share(concurrency);
    // There may be fewer requests than users.
    let sent = true;
    while (sent && this.#users < wanted) {
      this.#users++;
      sent = this.#nextOfUser();
    }
  }

  #endOf(stage: number): number {
    const { startMs, load } = this.#parts.run;
    if (load.stages[stage]!.durationMs === 0) return 0;
    let endMs = startMs;
    for (let at = 0; at <= stage; at++) endMs += load.stages[at]!.durationMs;
    return endMs;
  }

  /** This worker's part of a number that all workers share. */
  #share(total: number): number {
    const { index, workers } = this.#parts.plan;
    if (total === 0) return 0;
    return Math.max(1, Math.floor((total + workers - 1 - index) / workers));
  }

  /** False when there is nothing left for this user, who is gone then. */
  #nextOfUser(): boolean {
    const { run, source, pool } = this.#parts;
    const leaves = this.#users > this.#share(run.load.stages[this.#stage]!.concurrency);
    const index = this.#closing || leaves ? -1 : Atomics.add(this.#taken, 0, 1);
    const isOver = index < 0 || (run.load.requests > 0 && index >= run.load.requests);
    const prepared = isOver ? undefined : source.at(run.firstPrompt + index);
    if (prepared === undefined) {
      this.#users--;
      if (this.#users === 0) this.stop();
      return false;
    }
    this.#submit(prepared, pool.eventMs, index);
    return true;
  }

  #nextArrival(): Arrival | undefined {
    const { plan, run, source } = this.#parts;
    const { load } = run;
    for (;;) {
      if (load.byTrace) {
        this.#arrivals.index++;
        const { index } = this.#arrivals;
        if (load.requests > 0 && index >= load.requests) return undefined;
        if (index % plan.workers !== plan.index) continue;
        const prepared = source.at(index);
        return prepared === undefined ? undefined : { index, prepared, dueMs: prepared.dueMs };
      }
      if (!this.#arrivals.next()) return undefined;
      const { index, dueMs } = this.#arrivals;
      if (index % plan.workers !== plan.index) continue;
      const prepared = source.at(run.firstPrompt + index);
      return prepared === undefined ? undefined : { index, prepared, dueMs };
    }
  }

  /** Sends what is due and waits for the next. */
  #tick(first: Arrival | undefined): void {
    const { run, pool } = this.#parts;
    let next = first;
    for (let sent = 0; next !== undefined; sent++) {
      const dueMs = run.startMs + next.dueMs;
      const waitMs = dueMs - pool.nowMs();
      if (waitMs > EARLY_MS || sent === BURST) {
        const arrival = next;
        this.#after(sent === BURST ? 0 : waitMs - EARLY_MS, () => this.#tick(arrival));
        return;
      }
      if (waitMs < -LATE_MS) this.#tallies[this.#stage]!.counts[LATE]!++;
      this.#submit(next.prepared, dueMs, next.index);
      next = this.#nextArrival();
    }
    this.#arrivalsOver = true;
    this.#endIfOver();
  }

  #submit(prepared: Prepared, dueMs: number, index = 0): void {
    const { plan, pool } = this.#parts;
    const { cancelRate, cancelAfterMs, keepsDetails } = plan.client;
    const { seed } = plan.data;
    const leaves = cancelRate > 0 && drawAt(seed, index, CANCELS) < cancelRate;
    this.#running++;
    pool.submit(
      new Shot(prepared.bytes, this.#tallies[this.#stage]!, dueMs, {
        cancelAfterMs: leaves ? drawAt(seed, index, CANCEL_TIMES) * cancelAfterMs : -1,
        wantsText: prepared.session >= 0,
        session: prepared.session,
        keepsGaps: keepsDetails,
      }),
    );
  }

  #after(delayMs: number, then: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#parts.pool.nowMs();
        then();
      },
      Math.max(0, delayMs),
    );
    this.#timers.add(timer);
  }

  #endIfOver(): void {
    if (this.#isOpen() && this.#arrivalsOver && this.#running === 0) this.stop();
  }

  #endIfDone(): void {
    if (!this.#closing || this.#running > 0 || this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#parts.onEnd();
  }
}

interface Arrival {
  readonly index: number;
  readonly prepared: Prepared;
  /** From the start of the run. */
  readonly dueMs: number;
}
