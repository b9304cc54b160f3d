import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions, SCENARIOS } from './options.ts';

test('without options three rounds of every scenario and target run', () => {
  const options = readOptions([]);
  assert.equal(options.rounds, 3);
  assert.deepEqual(options.scenarios, [...SCENARIOS]);
  assert.deepEqual(options.targets, ['router', 'router-bun', 'nginx', 'haproxy', 'direct']);
});

test('a quick run is short unless told otherwise', () => {
  assert.equal(readOptions(['--quick']).rounds, 1);
  assert.equal(readOptions(['--quick', '--rounds', '2']).rounds, 2);
  assert.ok(readOptions(['--quick']).seconds < readOptions([]).seconds);
  assert.ok(readOptions(['--quick']).openStreams < readOptions([]).openStreams);
  assert.equal(readOptions(['--quick', '--open', '9']).openStreams, 9);
});

test('targets keep the order of the table however they are given', () => {
  assert.deepEqual(readOptions(['--targets', 'direct,router']).targets, ['router', 'direct']);
});

test('unknown names, options and numbers are refused', () => {
  assert.throws(() => readOptions(['--targets', 'envoy']), /none of/);
  assert.throws(() => readOptions(['--only', '']), /none of/);
  assert.throws(() => readOptions(['--rounds', '0']), /from 1 to 100/);
  assert.throws(() => readOptions(['--seconds', 'x']), RangeError);
  assert.throws(() => readOptions(['--fast']), TypeError);
});
