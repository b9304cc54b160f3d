import { FakeClock } from '../../src/core/clock.ts';
import type { Cluster } from '../../src/core/cluster.ts';
import { fixtureColumns } from '../../src/core/columns-fixture.ts';
import { Ejector } from '../../src/core/ejection.ts';
import type { EndpointSpec } from '../../src/core/endpoint.ts';
import { Xorshift } from '../../src/core/random.ts';
import { RouteTable } from '../../src/core/route-table.ts';
import { askAt, strategyOf } from '../../src/core/strategy-fixture.ts';
import { Admission, type Applicant } from '../../src/proxy/admission.ts';
import type { AdmissionParts } from '../../src/proxy/admission-gate.ts';
import type { ProxyOptions } from '../../src/proxy/options.ts';
import type { Standing } from '../../src/proxy/standing.ts';
import type { TokenReservation } from '../../src/proxy/token-reservation.ts';
import { OPTIONS, tableOf } from './plane.ts';

/** The parts of a data plane that admission sees, of worker 0 of two. */
export class Parts implements AdmissionParts {
  readonly options: ProxyOptions;
  readonly columns = fixtureColumns(16, 2);
  readonly own = this.columns.workers[0]!;
  readonly clock = new FakeClock(1e6);
  readonly random = new Xorshift(3);
  readonly ejector: Ejector;
  table: RouteTable;
  readonly strategy;
  readonly asking = askAt(0);
  readonly admission: Admission;
  /** What the applicants were told, in order. */
  readonly log: string[] = [];

  constructor(endpoints: readonly EndpointSpec[], options: Partial<ProxyOptions> = {}) {
    this.options = { ...OPTIONS, ...options };
    this.ejector = new Ejector(this.columns, 0, this.options, this.random);
    this.table = new RouteTable(tableOf(1, endpoints));
    this.strategy = strategyOf('least-connections', this.columns, 1);
    this.admission = new Admission(this);
  }

  get cluster(): Cluster {
    return this.table.cluster('m')!;
  }

  get inFlight(): Int32Array {
    return this.columns.workers[0]!.inFlight;
  }

  ask(
    name: string,
    model = 'm',
    tried: readonly number[] = [],
    changes: Partial<Pick<Asking, 'standing' | 'sizeBytes'>> = {},
  ): Asking {
    const asking = Object.assign(new Asking(this, name, model, tried), changes);
    this.admission.admit(asking);
    return asking;
  }

  /** Takes out what was told since the last call. */
  told(): string {
    return this.log.splice(0).join(' ');
  }

  eject(slot: number): void {
    this.ejector.failure(slot, this.clock.nowMs(), true);
  }
}

export class Asking implements Applicant {
  readonly notes = undefined;
  readonly #parts: Parts;
  readonly name: string;
  readonly model: string;
  tried: readonly number[];
  standing: Standing = { priority: 1, flow: '', timeoutMs: 0 };
  sizeBytes = 100;
  reservation: TokenReservation | undefined = undefined;
  placeOf: Cluster | undefined = undefined;
  readonly startedMs: number;
  slot = -1;
  chargedAtMs = Number.NaN;
  patienceMs = -1;

  constructor(parts: Parts, name: string, model: string, tried: readonly number[]) {
    this.#parts = parts;
    this.startedMs = parts.clock.nowMs();
    this.name = name;
    this.model = model;
    this.tried = tried;
  }

  /** As a lease would, it takes a place. */
  admitted({ slot }: EndpointSpec, chargedAtMs: number): void {
    this.slot = slot;
    this.chargedAtMs = chargedAtMs;
    this.#parts.inFlight[slot]!++;
    this.#parts.log.push(`${this.name}→${slot}`);
  }

  waits(patienceMs: number): void {
    this.patienceMs = patienceMs;
    this.#parts.log.push(`${this.name}…`);
  }

  refused(code: string): void {
    this.#parts.log.push(`${this.name}✗${code}`);
  }

  done(): void {
    this.#parts.inFlight[this.slot]!--;
    this.#parts.admission.freed(this);
  }
}
