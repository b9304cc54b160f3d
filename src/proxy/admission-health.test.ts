/** What health does to admission: slow start, the panic threshold, when to come back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpoint, OPTIONS, tableOf } from '../../test/fakes/plane.ts';
import { FakeClock } from '../core/clock.ts';
import { PROBE_DOWN } from '../core/columns.ts';
import { fixtureColumns } from '../core/columns-fixture.ts';
import { Ejector } from '../core/ejection.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { Xorshift } from '../core/random.ts';
import { RouteTable } from '../core/route-table.ts';
import { noteRecovery } from '../core/slow-start.ts';
import { askAt, strategyOf } from '../core/strategy-fixture.ts';
import { Admission } from './admission.ts';
import { comeBackMs } from './come-back.ts';
import type { ProxyOptions } from './options.ts';

const SLOW_START_MS = 10_000;

function setUp(endpoints: readonly EndpointSpec[], options: Partial<ProxyOptions> = {}) {
  const columns = fixtureColumns(8, 2);
  const clock = new FakeClock(64_000);
  const random = new Xorshift(11);
  const all = { ...OPTIONS, slowStartMs: SLOW_START_MS, ...options };
  const ejector = new Ejector(columns, 0, all, random);
  const table = new RouteTable(tableOf(1, endpoints));
  const strategy = strategyOf('simple-shuffle', columns, 1);
  const asking = askAt(0);
  const own = columns.workers[0]!;
  const parts = { own, options: all, columns, clock, random, ejector, table, strategy, asking };
  const admission = new Admission(parts);
  /** The slot that a request gets; -1 = it has to wait. */
  const ask = (tried: readonly number[] = []): number => {
    let slot = -1;
    const applicant = {
      model: 'm',
      tried,
      standing: { priority: 1, flow: '', timeoutMs: 0 },
      startedMs: 0,
      sizeBytes: 100,
      reservation: undefined,
      placeOf: undefined,
      notes: undefined,
      admitted: (spec: EndpointSpec) => {
        slot = spec.slot;
      },
      waits: () => {},
      refused: () => {},
    };
    admission.admit(applicant);
    admission.leave(applicant);
    return slot;
  };
  /** Share of 4,000 requests that `slot` gets; standard deviation below 0.008. */
  const shareOf = (slot: number): number => {
    let count = 0;
    for (let request = 0; request < 4_000; request++) if (ask() === slot) count++;
    return count / 4_000;
  };
  const cluster = table.cluster('m')!;
  return { parts, columns, clock, ejector, admission, cluster, ask, shareOf };
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.03, `${actual} is not about ${expected}`);
}

describe('an endpoint that recovered', () => {
  it('takes a growing part of its share, whatever its weight', () => {
    const { columns, clock, shareOf } = setUp([endpoint(0), endpoint(1, { weight: 3 })]);
    noteRecovery(columns, 1, clock.nowMs());
    near(shareOf(1), 0.075);
    clock.advance(SLOW_START_MS / 2);
    near(shareOf(1), 0.375);
    clock.advance(SLOW_START_MS / 2);
    near(shareOf(1), 0.75);
  });

  it('takes everything at once where slow start is off', () => {
    const { columns, clock, shareOf } = setUp([endpoint(0), endpoint(1)], { slowStartMs: 0 });
    noteRecovery(columns, 1, clock.nowMs());
    near(shareOf(1), 0.5);
  });

  it('keeps nobody waiting who has no other choice', () => {
    const { columns, clock, ask } = setUp([endpoint(0), endpoint(1)]);
    for (const slot of [0, 1]) noteRecovery(columns, slot, clock.nowMs());
    for (let request = 0; request < 200; request++) assert.notEqual(ask(), -1);
    for (let request = 0; request < 200; request++) assert.equal(ask([0]), 1);
  });

  it('is tried by the first request after its ejection, not by one in ten', () => {
    const { clock, ejector, ask } = setUp([endpoint(0)]);
    ejector.failure(0, clock.nowMs(), true);
    clock.advance(6_000);
    assert.equal(ask(), 0);
    ejector.releaseProbe(0);
    assert.equal(ask(), 0, 'nor after a probe that proved nothing');
  });
});

describe('the panic threshold', () => {
  const SIX = [0, 1, 2, 3, 4, 5].map((slot) => endpoint(slot));

  it('uses sick endpoints, too, when too few are left', () => {
    const { columns, ask } = setUp(SIX, { panicThreshold: 0.5 });
    for (const slot of [0, 1, 2]) columns.control.probeState[slot] = PROBE_DOWN;
    for (let request = 0; request < 100; request++) assert.ok(ask() > 2, 'half is enough');
  });

  it('spreads over all below it, evenly', () => {
    const { columns, shareOf } = setUp(SIX, { panicThreshold: 0.5 });
    for (const slot of [0, 1, 2, 3]) columns.control.probeState[slot] = PROBE_DOWN;
    near(shareOf(0), 1 / 6);
    near(shareOf(5), 1 / 6);
  });

  it('of 0 leaves one endpoint the work of all', () => {
    const { columns, shareOf } = setUp(SIX);
    for (const slot of [0, 1, 2, 3, 4]) columns.control.probeState[slot] = PROBE_DOWN;
    assert.equal(shareOf(5), 1);
  });
});

describe('the time to come back', () => {
  it('is the end of the first ejection', () => {
    const { clock, ejector, parts, cluster } = setUp([endpoint(0), endpoint(1)]);
    ejector.failure(1, clock.nowMs(), true);
    clock.advance(2_000);
    ejector.failure(0, clock.nowMs(), true);
    const ms = comeBackMs(parts, cluster);
    assert.ok(ms >= 2_500 && ms <= 3_500, `${ms} ms`);
  });

  it('is a guess when only the prober can tell', () => {
    const { columns, parts, cluster } = setUp([endpoint(0)]);
    columns.control.probeState[0] = PROBE_DOWN;
    assert.equal(comeBackMs(parts, cluster), 5_000);
  });

  it('is at most a minute', () => {
    const { columns, clock, parts, cluster } = setUp([endpoint(0)]);
    columns.workers[1]!.ejectedUntilMs[0] = clock.nowMs() + 300_000;
    assert.equal(comeBackMs(parts, cluster), 60_000);
  });
});
