import { ADMITTING, availabilityOf, BUSY, PROBE_DUE } from '../core/availability.ts';
import type { Cluster } from '../core/cluster.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { PanicWatch } from '../core/panic.ts';
import { charge } from '../core/rate-window.ts';
import { rampShare } from '../core/slow-start.ts';
import { AdmissionGate, type AdmissionParts } from './admission-gate.ts';

export class Placement {
  readonly #plane: AdmissionParts;
  readonly #gate: AdmissionGate;
  readonly #panic: PanicWatch;
  /** What the last `choose` took; `chargedAtMs` -1 = it has no rate window. */
  chosen: EndpointSpec | undefined;
  chargedAtMs = -1;

  constructor(plane: AdmissionParts) {
    this.#plane = plane;
    this.#gate = new AdmissionGate(plane);
    this.#panic = new PanicWatch(plane.columns, plane.options.panicThreshold);
  }

  /** Whether an endpoint that is not in `tried` could take a request now. */
  hasPlace(cluster: Cluster, tried: readonly number[]): boolean {
    const gate = this.#gate;
    gate.prepare(cluster, tried, this.#plane.clock.nowMs());
    for (let i = 0; i < cluster.size; i++) if (gate.admits(i)) return true;
    return false;
  }

  /** Picks an endpoint and takes what must be taken of it; false = nobody can serve now. */
  choose(cluster: Cluster, tried: readonly number[]): boolean {
    const plane = this.#plane;
    const gate = this.#gate;
    const nowMs = plane.clock.nowMs();
    gate.prepare(cluster, tried, nowMs);
    gate.panic = this.#panic.panics(cluster, nowMs);
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

  /** Claims the reopening probe and charges the rate window; false = another was faster. */
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
    this.chosen = spec;
    this.chargedAtMs = limited ? nowMs : -1;
    return true;
  }
}
