/**
 * When is there something to tell? The state machine behind the alerts. Pure: time and the fleet
 * come in, alerts come out.
 *
 * An endpoint is *in trouble* while it fails, and while it flaps (five failures within ten
 * minutes), also in the moments in which it works. Each trouble is told once: after it lasted to
 * the end of a batch, at the earliest a cooldown after the last alert about the same endpoint. Its
 * end is told at once, but only if the trouble was.
 *
 * Invariants: failures and recoveries of one endpoint alternate; nothing is forgotten while the
 * sender is behind, it only becomes one larger message; what ended untold is counted; at most one
 * case is kept for each endpoint that has failed and is still configured.
 */
import type { EndpointFailure, EndpointStatus, FleetStatus } from '../../control/status.ts';
import type { Alert, Trouble } from './alert.ts';

export interface AlertRules {
  readonly cooldownMs: number;
  readonly batchIntervalMs: number;
  /** 0 = no reports. */
  readonly reportIntervalActiveMs: number;
  readonly reportIntervalIdleMs: number;
}

const FLAPS = 5;
const FLAP_WINDOW_MS = 600_000;
/** The report of the start waits so long at most for the first probes. */
const STARTUP_WAIT_MS = 30_000;

class Case {
  readonly id: string;
  readonly modelName: string;
  failing = false;
  cause = '';
  sinceMs = 0;
  endedMs = 0;
  told = false;
  quietUntilMs = 0;
  /** When it last began to fail, at most FLAPS times, oldest first. */
  readonly starts: number[] = [];

  constructor(id: string, modelName: string) {
    this.id = id;
    this.modelName = modelName;
  }

  begin(nowMs: number): void {
    this.failing = true;
    // The outages of one flapping are one trouble.
    if (!this.told) this.sinceMs = nowMs;
    this.cause = '';
    this.starts.push(nowMs);
    if (this.starts.length > FLAPS) this.starts.shift();
  }

  end(nowMs: number): void {
    this.failing = false;
    this.endedMs = nowMs;
  }

  isFlapping(nowMs: number): boolean {
    return this.starts.length === FLAPS && nowMs - this.starts[0]! < FLAP_WINDOW_MS;
  }

  inTrouble(nowMs: number): boolean {
    return this.failing || this.isFlapping(nowMs);
  }

  tell(nowMs: number, cooldownMs: number): void {
    this.told = true;
    this.quietUntilMs = nowMs + cooldownMs;
  }
}

export class AlertState {
  readonly #rules: AlertRules;
  readonly #bornMs: number;
  readonly #cases = new Map<string, Case>();
  #started = false;
  /** When the collected failures are told; -1 = there are none. */
  #batchDueMs = -1;
  #reportedMs = 0;
  #reportedRequests = 0;
  #shortFailures = 0;

  constructor(rules: AlertRules, nowMs: number) {
    this.#rules = rules;
    this.#bornMs = nowMs;
  }

  /** An endpoint began to fail, or fails for another reason now. */
  failed({ id, modelName, cause }: EndpointFailure, nowMs: number): void {
    let found = this.#cases.get(id);
    if (found === undefined) {
      found = new Case(id, modelName);
      this.#cases.set(id, found);
    }
    if (!found.failing) found.begin(nowMs);
    found.cause = cause;
  }

  /** Takes in how the fleet is; `ready` = the sender has nothing left. The alerts, in order. */
  look(fleet: FleetStatus, nowMs: number, ready: boolean): Alert[] {
    this.#follow(fleet.endpoints, nowMs);
    if (!this.#started) return this.#start(fleet, nowMs);
    if (!ready) return [];
    const alerts = [...this.#recoveries(fleet, nowMs), ...this.#failures(fleet, nowMs)];
    if (this.#isReportDue(fleet, nowMs)) alerts.push(this.#report('report', fleet, nowMs));
    return alerts;
  }

  #follow(endpoints: readonly EndpointStatus[], nowMs: number): void {
    const left = new Set(this.#cases.keys());
    for (const { id, modelName, health } of endpoints) {
      const known = this.#cases.get(id);
      if (known === undefined && health !== 'failing') continue;
      // What the operator takes out is not in trouble, and comes back without a word.
      if (health === 'out') continue;
      left.delete(id);
      const found = known ?? new Case(id, modelName);
      if (known === undefined) this.#cases.set(id, found);
      if (health === 'failing' && !found.failing) found.begin(nowMs);
      if (health === 'well' && found.failing) this.#end(found, nowMs);
    }
    for (const id of left) this.#cases.delete(id);
  }

  #end(found: Case, nowMs: number): void {
    found.end(nowMs);
    if (!found.told) this.#shortFailures++;
  }

  #start(fleet: FleetStatus, nowMs: number): Alert[] {
    const isKnown = fleet.endpoints.every(({ health }) => health !== 'unknown');
    if (!isKnown && nowMs - this.#bornMs < STARTUP_WAIT_MS) return [];
    this.#started = true;
    const report = this.#report('startup', fleet, nowMs);
    // The report names them, so that is told.
    for (const one of this.#cases.values()) {
      if (one.inTrouble(nowMs)) one.tell(nowMs, this.#rules.cooldownMs);
    }
    return [report];
  }

  #recoveries(fleet: FleetStatus, nowMs: number): Alert[] {
    const over = [...this.#cases.values()].filter((one) => one.told && !one.inTrouble(nowMs));
    if (over.length === 0) return [];
    const troubles = over.map((one) => ({
      ...troubleOf(one, nowMs),
      forMs: one.endedMs - one.sinceMs,
    }));
    for (const one of over) one.told = false;
    return [{ kind: 'recovery', fleet, troubles, shortFailures: this.#shortFailures }];
  }

  #failures(fleet: FleetStatus, nowMs: number): Alert[] {
    const { batchIntervalMs, cooldownMs } = this.#rules;
    const untold = [...this.#cases.values()].filter(
      (one) => !one.told && one.quietUntilMs <= nowMs && one.inTrouble(nowMs),
    );
    if (untold.length === 0) {
      this.#batchDueMs = -1;
      return [];
    }
    if (this.#batchDueMs === -1) this.#batchDueMs = nowMs + batchIntervalMs;
    if (nowMs < this.#batchDueMs) return [];
    this.#batchDueMs = -1;
    const troubles = untold.map((one) => troubleOf(one, nowMs));
    for (const one of untold) one.tell(nowMs, cooldownMs);
    return [{ kind: 'failure', fleet, troubles, shortFailures: this.#shortFailures }];
  }

  #isReportDue({ requests }: FleetStatus, nowMs: number): boolean {
    const { reportIntervalActiveMs, reportIntervalIdleMs } = this.#rules;
    const isActive = requests > this.#reportedRequests;
    const intervalMs = isActive ? reportIntervalActiveMs : reportIntervalIdleMs;
    return intervalMs > 0 && nowMs - this.#reportedMs >= intervalMs;
  }

  #report(kind: 'startup' | 'report', fleet: FleetStatus, nowMs: number): Alert {
    const troubles = [...this.#cases.values()]
      .filter((one) => one.inTrouble(nowMs))
      .map((one) => troubleOf(one, nowMs));
    const report = { kind, fleet, troubles, shortFailures: this.#shortFailures };
    this.#reportedMs = nowMs;
    this.#reportedRequests = fleet.requests;
    this.#shortFailures = 0;
    return report;
  }
}

function troubleOf(one: Case, nowMs: number): Trouble {
  const { id, modelName, cause, sinceMs } = one;
  return { id, modelName, cause, forMs: nowMs - sinceMs, flapping: one.isFlapping(nowMs) };
}
