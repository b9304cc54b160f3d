/**
 * Those who wait for one model, and who of them is next. Classes are strict: nobody of a class goes
 * while one of a better class waits. Inside a class clients share by what they ask for, not by how
 * many they are: deficit round robin over flows (Shreedhar and Varghese, 1995), first come first
 * served inside a flow.
 *
 * Invariants: `next` names the same entry until something joins, leaves or is taken, so one whose
 * turn it is and who cannot be placed yet keeps its turn; `bytes` is the sum of what waits.
 */
export interface Waiting {
  readonly standing: {
    /** Class; 0 goes first. */
    readonly priority: number;
    /** Whose share it counts against. */
    readonly flow: string;
  };
  /** Its body: the memory it holds while it waits, and the measure of its work. */
  readonly sizeBytes: number;
}

/** What each flow may spend in a round. */
const QUANTUM_BYTES = 64 * 1024;
/** What any request costs of its flow's share, however small. */
const EACH_BYTES = 4 * 1024;

function costOf(entry: Waiting): number {
  return EACH_BYTES + entry.sizeBytes;
}

class Flow<T extends Waiting> {
  readonly entries = new Set<T>();
  deficit = 0;

  first(): T {
    return this.entries.values().next().value!;
  }
}

/** The flows of one class in the order of their turns. */
class ServiceClass<T extends Waiting> {
  readonly flows = new Map<string, Flow<T>>();
  /** The first has the turn. */
  readonly turns: Flow<T>[] = [];

  add(entry: T): void {
    let flow = this.flows.get(entry.standing.flow);
    if (flow === undefined) {
      flow = new Flow();
      this.flows.set(entry.standing.flow, flow);
      this.turns.push(flow);
    }
    flow.entries.add(entry);
  }

  remove(entry: T): boolean {
    const flow = this.flows.get(entry.standing.flow);
    if (flow === undefined || !flow.entries.delete(entry)) return false;
    if (flow.entries.size > 0) return true;
    // A flow without anybody waiting saves nothing up.
    this.flows.delete(entry.standing.flow);
    this.turns.splice(this.turns.indexOf(flow), 1);
    return true;
  }

  /** Passes the turn on until the flow that has it can pay for its first entry. */
  next(): T {
    const { turns } = this;
    if (turns.length === 1) return turns[0]!.first();
    this.#skipRounds();
    for (;;) {
      const flow = turns[0]!;
      const entry = flow.first();
      if (flow.deficit >= costOf(entry)) return entry;
      flow.deficit += QUANTUM_BYTES;
      turns.push(turns.shift()!);
    }
  }

  taken(entry: T): void {
    const flow = this.flows.get(entry.standing.flow)!;
    flow.deficit = Math.max(0, flow.deficit - costOf(entry));
    this.remove(entry);
  }

  /** Rounds in which nobody could pay, all at once. */
  #skipRounds(): void {
    let rounds = Number.POSITIVE_INFINITY;
    for (const flow of this.turns) {
      rounds = Math.min(rounds, Math.ceil((costOf(flow.first()) - flow.deficit) / QUANTUM_BYTES));
    }
    if (rounds <= 1) return;
    for (const flow of this.turns) flow.deficit += (rounds - 1) * QUANTUM_BYTES;
  }
}

/** Weight of the latest interval in the mean of those between two that went. */
const INTERVAL_SHARE = 0.1;

export class WaitingLine<T extends Waiting> {
  size = 0;
  bytes = 0;
  readonly #classes: (ServiceClass<T> | undefined)[] = [];
  #lastMs: number;
  /** Mean time between two that went; -1 = none went yet. */
  #intervalMs = -1;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  join(entry: T): void {
    const { priority } = entry.standing;
    let its = this.#classes[priority];
    if (its === undefined) {
      its = new ServiceClass();
      this.#classes[priority] = its;
    }
    its.add(entry);
    this.size++;
    this.bytes += entry.sizeBytes;
  }

  /** False when it does not wait here. */
  leave(entry: T): boolean {
    if (this.#classes[entry.standing.priority]?.remove(entry) !== true) return false;
    this.#left(entry);
    return true;
  }

  /** Whose turn it is; undefined = nobody waits. */
  next(): T | undefined {
    const best = this.#best();
    return best === undefined ? undefined : best.next();
  }

  /** It was its turn, and it goes. */
  take(entry: T, nowMs: number): void {
    this.#classes[entry.standing.priority]!.taken(entry);
    this.#left(entry);
    const intervalMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const mean = this.#intervalMs < 0 ? intervalMs : this.#intervalMs;
    this.#intervalMs = mean + INTERVAL_SHARE * (intervalMs - mean);
  }

  /** Until all that wait now will have gone, at the pace of late; -1 = unknown. */
  drainMs(nowMs: number): number {
    if (this.#intervalMs < 0) return -1;
    return this.size * Math.max(this.#intervalMs, nowMs - this.#lastMs);
  }

  /** Of those waiting; -1 = nobody waits. */
  bestPriority(): number {
    return this.#classes.findIndex((one) => one !== undefined && one.turns.length > 0);
  }

  #best(): ServiceClass<T> | undefined {
    return this.#classes.find((one) => one !== undefined && one.turns.length > 0);
  }

  #left(entry: T): void {
    this.size--;
    this.bytes -= entry.sizeBytes;
  }
}
