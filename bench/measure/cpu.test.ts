import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type CpuSample, cpuBetween, processTree, sampleCpu } from './cpu.ts';

function sample(userTicks: number, systemTicks: number, threads: [string, number][]): CpuSample {
  return { userTicks, systemTicks, threadNs: new Map(threads), leader: '1' };
}

test('the total is the run time of the threads, the first apart, split as the ticks are', () => {
  const spent = cpuBetween(
    sample(100, 100, [['1', 5_000_000]]),
    sample(103, 101, [
      ['1', 35_000_000],
      ['2', 8_000_000],
    ]),
    100,
  );
  assert.deepEqual(spent, {
    totalUs: 38_000,
    userUs: 28_500,
    systemUs: 9_500,
    leaderUs: 30_000,
  });
});

test('ticks are the total when a thread ended in between', () => {
  const spent = cpuBetween(sample(0, 0, [['9', 1]]), sample(2, 1, [['1', 1]]), 100);
  assert.equal(spent.totalUs, 30_000);
});

test('no time at all is zero and not a division by zero', () => {
  const idle = sample(5, 5, [['1', 7]]);
  assert.deepEqual(cpuBetween(idle, idle, 100), {
    totalUs: 0,
    userUs: 0,
    systemUs: 0,
    leaderUs: 0,
  });
});

test('a live process is sampled with its threads', { skip: !existsSync('/proc/self/stat') }, () => {
  const own = sampleCpu(process.pid);
  assert.ok(own.threadNs.size > 0);
  assert.ok(processTree(process.pid).includes(process.pid));
});
