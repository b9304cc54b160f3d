import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Parts } from '../../test/fakes/admission.ts';
import { endpoint } from '../../test/fakes/plane.ts';
import { OPERATOR_DRAINING, PROBE_DOWN } from '../core/columns.ts';
import { retryAfterMs } from './come-back.ts';

describe('when to come back', () => {
  it('is known from the soonest of rate windows and pauses', () => {
    const parts = new Parts([endpoint(0, { rpmLimit: 1 }), endpoint(1)]);
    const { cluster, clock } = parts;
    assert.equal(retryAfterMs(parts, cluster), 0);
    parts.columns.control.operatorState[1] = OPERATOR_DRAINING;
    parts.ask('a');
    clock.advance(10_000);
    const windowMs = retryAfterMs(parts, cluster);
    assert.ok(windowMs > 49_000 && windowMs <= 50_600, `${windowMs} ms`);
    parts.columns.control.operatorState[1] = 0;
    parts.columns.workers[0]!.busyUntilMs[1] = clock.nowMs() + 3_000;
    assert.equal(retryAfterMs(parts, cluster), 3_000);
    clock.advance(windowMs);
    assert.equal(retryAfterMs(parts, cluster), 0);
    assert.equal(parts.ask('b').slot >= 0, true, 'the promise was true');
  });

  it('is unknown when nobody is up', () => {
    const parts = new Parts([endpoint(0)]);
    parts.columns.control.probeState[0] = PROBE_DOWN;
    assert.equal(retryAfterMs(parts, parts.cluster), -1);
    assert.equal(parts.admission.isOverload(parts.cluster), false);
  });
});
