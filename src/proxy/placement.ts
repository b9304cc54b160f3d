// HOT PATH — bench: bench/pick.ts, bench/main.ts
/**
 * Finds an endpoint for a request now, and takes of it what must be taken: the reopening probe and
 * charges of its rate and token windows. Panic: when health alone leaves nothing, or too little
 * (core/panic), every engine that may be alive is used (DESIGN §5). An endpoint that recovered a
 * moment ago is passed over for most of what the strategy picks it for (core/slow-start).
 */
import { ADMITTING, availabilityOf, BUSY, PROBE_DUE } from '../core/availability.ts';
import type { Cluster } from '../core/cluster.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { PanicWatch } from '../core/panic.ts';
import { charge, giveBack } from '../core/rate-window.ts';
import { rampShare } from '../core/slow-start.ts';
import { TokenEstimate } from '../core/token-estimate.ts';
import { reserve } from '../core/token-window.ts';
import { AdmissionGate, type AdmissionParts } from './admission-gate.ts';
import { TokenReservation } from './token-reservation.ts';

export class Placement {
  readonly #plane: AdmissionParts;
  readonly #gate: AdmissionGate;
  readonly #panic: PanicWatch;
  /** What the last `choose` took; `chargedAtMs` -1 = it has no rate window. */
  chosen: EndpointSpec | undefined;
  chargedAtMs = -1;
  /** Tokens that the last `choose` holds for the attempt; undefined = it has no such limit. */
  reservation: TokenReservation | undefined = undefined;
  readonly estimate = new TokenEstimate();

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.#gate = new AdmissionGate(plane);
    this.#panic = new PanicWatch(plane.columns);
  }

  /** Whether an endpoint that is not in `tried` could take a request now. */
  hasPlace(cluster: Cluster, tried: readonly number[]): boolean {
    const gate = this.#gate;
    gate.prepare(cluster, tried, this.#plane.clock.nowMs());
    for (let i = 0; i < cluster.size; i++) if (gate.admits(i)) return true;
    return false;
  }

  /** Picks an endpoint and takes what must be taken of it; false = nobody can serve now. */
  choose(cluster: Cluster, tried: readonly number[], bodyBytes: number): boolean {
    const plane = this.#plane;
    const gate = this.#gate;
    const nowMs = plane.clock.nowMs();
    gate.prepare(cluster, tried, nowMs);
    gate.panic = this.#panic.panics(cluster, plane.options.panicThreshold, nowMs);
    if (cluster.limitsTokens) gate.tokens = this.estimate.of(cluster.name, bodyBytes);
    const { tiers } = cluster;
    if (tiers > 1) gate.tier = 0;
    let spared = -1;
    plane.asking.nowMs = nowMs;
    for (;;) {
      const index = plane.strategy.pick(cluster, gate, plane.random, plane.asking);
      if (index >= 0) {
        if (this.#isSpared(index) && gate.exclude(index)) {
          if (spared < 0) spared = index;
          continue;
        }
        if (this.#take(index)) return true;
        if (!gate.exclude(index)) return false;
      } else if (gate.tier >= 0 && gate.tier < tiers - 1) {
        gate.tier++;
      } else if (spared >= 0) {
        return this.#take(spared);
      } else if (gate.panic || !this.healthLeavesNothing(cluster)) {
        return false;
      } else {
        gate.panic = true;
        if (tiers > 1) gate.tier = 0;
      }
    }
  }

  /** No endpoint is open, whatever its load: only then panic is allowed. */
  healthLeavesNothing(cluster: Cluster): boolean {
    const { columns, clock } = this.#plane;
    const nowMs = clock.nowMs();
    for (let i = 0; i < cluster.size; i++) {
      const state = availabilityOf(columns, cluster.slots[i]!, nowMs);
      if (state === ADMITTING || state === BUSY) return false;
    }
    return true;
  }

  /** Slow start passes it over this time, if anybody else can be had. */
  #isSpared(index: number): boolean {
    const { columns, options, random } = this.#plane;
    const { cluster, nowMs, panic } = this.#gate;
    const slot = cluster.slots[index]!;
    const share = rampShare(columns, slot, nowMs, options.slowStartMs);
    if (share === 1 || panic || random.next() < share) return false;
    return availabilityOf(columns, slot, nowMs) !== PROBE_DUE;
  }

  /** Claims the reopening probe and charges the windows; false = another was faster. */
  #take(index: number): boolean {
    const { columns, ejector } = this.#plane;
    const gate = this.#gate;
    const spec = gate.cluster.endpoints[index]!;
    const nowMs = gate.nowMs;
    const probe = !gate.panic && availabilityOf(columns, spec.slot, nowMs) === PROBE_DUE;
    if (probe && !ejector.claimProbe(spec.slot, nowMs)) return false;
    const limited = spec.rpmLimit > 0;
    if (limited && !charge(columns.shared.rate, spec.slot, spec.rpmLimit, nowMs)) {
      if (probe) ejector.releaseProbe(spec.slot);
      return false;
    }
    if (!this.#reserve(spec)) {
      if (limited) giveBack(columns.shared.rate, spec.slot, nowMs);
      if (probe) ejector.releaseProbe(spec.slot);
      return false;
    }
    this.chosen = spec;
    this.chargedAtMs = limited ? nowMs : -1;
    return true;
  }

  #reserve({ own, slot }: EndpointSpec): boolean {
    this.reservation = undefined;
    const { nowMs, tokens } = this.#gate;
    if (tokens === 0 || own === undefined || own.tpmLimit === 0) return true;
    const cells = this.#plane.columns.shared.tokens;
    const asked = { limit: own.tpmLimit, tokens };
    if (!reserve(cells, slot, asked, nowMs)) return false;
    this.reservation = new TokenReservation(cells, slot, asked, nowMs);
    return true;
  }
}
