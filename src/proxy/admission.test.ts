import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Asking, Parts } from '../../test/fakes/admission.ts';
import { endpoint, tableOf } from '../../test/fakes/plane.ts';
import { OPERATOR_DRAINING, PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import { charge, used } from '../core/rate-window.ts';
import { RouteTable } from '../core/route-table.ts';

describe('admission', () => {
  it('admits at once where there is room, to the less loaded endpoint', () => {
    const parts = new Parts([endpoint(0), endpoint(1)]);
    parts.inFlight[0] = 5;
    assert.equal(parts.ask('a').slot, 1);
    assert.equal(parts.ask('b').chargedAtMs, -1, 'no limit, no charge');
    assert.equal(parts.told(), 'a→1 b→1');
  });

  it('charges the window of an endpoint that has a limit', () => {
    const parts = new Parts([endpoint(0, { rpmLimit: 2 })]);
    assert.equal(parts.ask('a').chargedAtMs, 1e6);
    parts.ask('b');
    parts.ask('c');
    assert.equal(parts.told(), 'a→0 b→0 c…');
    assert.equal(used(parts.columns.shared.rate, 0, 1e6), 2);
  });

  it('refuses a model that nobody serves', () => {
    const parts = new Parts([endpoint(0)]);
    parts.ask('a', 'other');
    assert.equal(parts.told(), `a✗model_not_found`);
  });

  it('never offers an endpoint that failed the applicant already', () => {
    const parts = new Parts([endpoint(0), endpoint(1), endpoint(2)]);
    for (let i = 0; i < 20; i++) assert.equal(parts.ask('a', 'm', [0, 2]).slot, 1);
    assert.equal(parts.admission.hasUntried(new Asking(parts, 'b', 'm', [0, 1])), true);
    assert.equal(parts.admission.hasUntried(new Asking(parts, 'b', 'm', [0, 1, 2])), false);
    assert.equal(parts.admission.hasUntried(new Asking(parts, 'b', 'x', [])), false);
  });

  it('counts connections over all workers', () => {
    const parts = new Parts([endpoint(0)], { maxConnsPerHost: 3 });
    parts.columns.workers[1]!.inFlight[0] = 2;
    parts.ask('a');
    parts.ask('b');
    assert.equal(parts.told(), 'a→0 b…');
  });

  it('passes over an endpoint whose last charge another worker takes first', () => {
    const parts = new Parts([endpoint(0, { rpmLimit: 1 }), endpoint(1, { rpmLimit: 1 })]);
    const cells = parts.columns.shared.rate;
    const { pick } = parts.strategy;
    // The other worker charges between the pick and the charge, once.
    let raced = false;
    parts.strategy.pick = (...args) => {
      const index = pick.apply(parts.strategy, args);
      if (!raced && index >= 0) charge(cells, index, 1, 1e6);
      raced = true;
      return index;
    };
    parts.ask('a');
    assert.equal(used(cells, 0, 1e6) + used(cells, 1, 1e6), 2);
    assert.equal(parts.log.length, 1);
    assert.match(parts.told(), /^a→[01]$/);
  });
});

describe('the queue', () => {
  const ONE = { maxConnsPerHost: 1 };

  it('is first come, first served', () => {
    const parts = new Parts([endpoint(0)], ONE);
    const first = parts.ask('a');
    for (const name of ['b', 'c', 'd']) parts.ask(name);
    assert.equal(parts.told(), 'a→0 b… c… d…');
    parts.admission.poll();
    assert.equal(parts.told(), '');
    first.done();
    parts.admission.poll();
    parts.admission.poll();
    assert.equal(parts.told(), 'b→0');
  });

  it('lets nobody overtake those who wait, though there is room again', () => {
    const parts = new Parts([endpoint(0)], ONE);
    const first = parts.ask('a');
    parts.ask('b');
    first.done();
    parts.ask('c');
    assert.equal(parts.told(), 'a→0 b… c…');
    parts.admission.poll();
    assert.equal(parts.told(), 'b→0');
  });

  it('is one for each model: none blocks another', () => {
    const parts = new Parts([endpoint(0), endpoint(1, { modelName: 'n' })], ONE);
    parts.ask('a');
    const other = parts.ask('x', 'n');
    parts.ask('b');
    parts.ask('y', 'n');
    parts.told();
    other.done();
    parts.admission.poll();
    assert.equal(parts.told(), 'y→1');
  });

  it('is bounded for each model', () => {
    const parts = new Parts([endpoint(0), endpoint(1, { modelName: 'n' })], {
      ...ONE,
      maxQueue: 2,
    });
    for (const name of ['a', 'b', 'c', 'd']) parts.ask(name);
    parts.ask('x', 'n');
    parts.ask('y', 'n');
    assert.equal(parts.told(), `a→0 b… c… d✗queue_full x→1 y…`);
  });

  it('can be left', () => {
    const parts = new Parts([endpoint(0)], ONE);
    const first = parts.ask('a');
    const second = parts.ask('b');
    parts.ask('c');
    parts.admission.leave(second);
    parts.admission.leave(second);
    parts.admission.leave(first);
    parts.told();
    first.done();
    parts.admission.poll();
    assert.equal(parts.told(), 'c→0');
    parts.ask('d');
    assert.equal(parts.told(), 'd…');
  });

  it('refuses those who wait for a model that a reload took away', () => {
    const parts = new Parts([endpoint(0)], ONE);
    parts.ask('a');
    parts.ask('b');
    parts.ask('c');
    parts.told();
    parts.table = new RouteTable(tableOf(2, [endpoint(1, { modelName: 'n' })]));
    parts.admission.poll();
    assert.equal(parts.told(), 'b✗model_not_found c✗model_not_found');
  });

  it('serves those who wait from endpoints that a reload brought', () => {
    const parts = new Parts([endpoint(0)], ONE);
    parts.ask('a');
    parts.ask('b');
    parts.told();
    parts.table = new RouteTable(tableOf(2, [endpoint(0), endpoint(1)]));
    parts.admission.poll();
    assert.equal(parts.told(), 'b→1');
  });

  it('does not stand still behind one whose untried endpoints are all taken', () => {
    const parts = new Parts([endpoint(0), endpoint(1)], ONE);
    const taken = [parts.ask('a'), parts.ask('b')];
    parts.ask('c', 'm', [0]);
    parts.ask('d');
    parts.told();
    taken.find(({ slot }) => slot === 0)!.done();
    parts.admission.poll();
    assert.equal(parts.told(), 'c→0', 'rather the same endpoint again than none');
    taken.find(({ slot }) => slot === 1)!.done();
    parts.admission.poll();
    assert.equal(parts.told(), 'd→1');
  });

  it('prefers an untried endpoint for those who waited, too', () => {
    const parts = new Parts([endpoint(0), endpoint(1)], ONE);
    const taken = [parts.ask('a'), parts.ask('b')];
    parts.ask('c', 'm', [0]);
    parts.told();
    for (const asking of taken) asking.done();
    parts.admission.poll();
    assert.equal(parts.told(), 'c→1');
  });

  it('takes back one that fails at once without going round for ever', () => {
    const parts = new Parts([endpoint(0)], ONE);
    const first = parts.ask('a');
    const second = parts.ask('b');
    let times = 0;
    second.admitted = () => {
      times++;
      if (times < 100) parts.admission.admit(second);
    };
    first.done();
    parts.admission.poll();
    assert.ok(times <= 100);
  });
});

describe('how long to wait', () => {
  it('is the long time for load, the short one when nothing is up', () => {
    const options = { queueTimeoutMs: 7_000, unavailableWaitMs: 300 };
    const full = new Parts([endpoint(0, { rpmLimit: 1 })], options);
    full.ask('a');
    assert.equal(full.ask('b').patienceMs, 7_000);
    const down = new Parts([endpoint(0)], options);
    down.columns.control.operatorState[0] = OPERATOR_DRAINING;
    assert.equal(down.ask('a').patienceMs, 300);
    const unknown = new Parts([endpoint(0)], options);
    unknown.columns.control.probeState[0] = PROBE_UNKNOWN;
    assert.equal(unknown.ask('a').patienceMs, 300);
    const busy = new Parts([endpoint(0)], options);
    busy.columns.workers[1]!.busyUntilMs[0] = 1e6 + 5_000;
    assert.equal(busy.ask('a').patienceMs, 7_000);
  });
});

describe('panic', () => {
  it('uses ejected endpoints when health leaves none', () => {
    const parts = new Parts([endpoint(0), endpoint(1)]);
    parts.eject(0);
    for (let i = 0; i < 10; i++) assert.equal(parts.ask('a').slot, 1, 'no panic while 1 is up');
    parts.eject(1);
    const slots = Array.from({ length: 20 }, () => parts.ask('a').slot);
    assert.ok(slots.includes(0));
  });

  it('uses those the prober cannot reach, but not those an operator took out', () => {
    const parts = new Parts([endpoint(0), endpoint(1)]);
    parts.columns.control.probeState[0] = PROBE_DOWN;
    parts.columns.control.operatorState[1] = OPERATOR_DRAINING;
    for (let i = 0; i < 10; i++) assert.equal(parts.ask('a').slot, 0);
  });

  it('does not break out for load: a busy endpoint is alive', () => {
    const parts = new Parts([endpoint(0), endpoint(1)]);
    parts.eject(0);
    parts.columns.workers[0]!.busyUntilMs[1] = 1e6 + 1_000;
    parts.ask('a');
    assert.equal(parts.told(), 'a…');
    parts.clock.advance(1_000);
    parts.admission.poll();
    assert.equal(parts.told(), 'a→1');
  });

  it('respects limits', () => {
    const parts = new Parts([endpoint(0, { rpmLimit: 1 })]);
    parts.eject(0);
    parts.ask('a');
    parts.ask('b');
    assert.equal(parts.told(), 'a→0 b…');
  });
});

describe('a reopening probe', () => {
  it('is one request; the others go elsewhere', () => {
    const parts = new Parts([endpoint(0), endpoint(1)]);
    parts.eject(0);
    parts.clock.advance(10_000);
    const slots: number[] = [];
    for (let i = 0; i < 10; i++) {
      const asking = parts.ask('a');
      slots.push(asking.slot);
      if (asking.slot === 0) parts.ejector.adoptProbe(0);
    }
    assert.equal(slots.filter((slot) => slot === 0).length, 1);
  });

  it('is given back when the endpoint is at its rate limit', () => {
    const parts = new Parts([endpoint(0, { rpmLimit: 1 }), endpoint(1)]);
    parts.eject(0);
    parts.clock.advance(10_000);
    const cells = parts.columns.shared.rate;
    const { claimProbe } = parts.ejector;
    parts.ejector.claimProbe = (slot, nowMs) => {
      const claimed = claimProbe.call(parts.ejector, slot, nowMs);
      charge(cells, slot, 1, nowMs);
      return claimed;
    };
    for (let i = 0; i < 20; i++) assert.equal(parts.ask('a').slot, 1);
    assert.equal(parts.columns.shared.probing[0], 0);
    assert.equal(parts.columns.control.probeState[0], PROBE_UP);
  });
});
