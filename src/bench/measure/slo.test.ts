import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSlo, parseSlo, type Slo } from './slo.ts';

const read = (text: string): Slo => {
  const slo = parseSlo(text);
  assert.notEqual(typeof slo, 'string', String(slo));
  return slo as Slo;
};

test('reads statistics, units and rates', () => {
  assert.deepEqual(read('p99:ttft<500ms'), {
    text: 'p99:ttft<500ms',
    key: 'p99_ttft_ms',
    operator: '<',
    limit: 500,
  });
  assert.equal(read('p99.9:itl<=0.2s').limit, 200);
  assert.equal(read('mean:tpot<50').key, 'mean_tpot_ms');
  assert.equal(read('ttft<1s').key, 'p99_ttft_ms');
  assert.equal(read('error_rate<1%').limit, 0.01);
  assert.equal(read('output_throughput > 2k').limit, 2000);
});

test('says what it does not read', () => {
  for (const text of ['ttft', 'p99:ttfd<5', 'p99:error_rate<1', 'p99:ttft<5x', 'p99:ttft=5']) {
    assert.equal(typeof parseSlo(text), 'string', text);
  }
});

test('nothing measured is not met', () => {
  assert.equal(checkSlo(read('p99:ttft<500'), Number.NaN).met, false);
  assert.equal(checkSlo(read('p99:ttft<500'), 499).met, true);
  assert.equal(checkSlo(read('p99:ttft<500'), 500).met, false);
  assert.equal(checkSlo(read('success_rate>=99%'), 0.99).met, true);
});
