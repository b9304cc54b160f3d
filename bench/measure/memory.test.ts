import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { memoryOf, parseStatus } from './memory.ts';

test('resident and peak memory are read in bytes', () => {
  const text =
    'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t    120 kB\nVmRSS:\t     80 kB\nThreads:\t7\n';
  assert.deepEqual(parseStatus(text), { residentBytes: 80 * 1024, peakBytes: 120 * 1024 });
});

test('a status without memory is refused', () => {
  assert.throws(() => parseStatus('Name:\tkthreadd\n'), /VmRSS/);
  assert.throws(() => parseStatus('VmRSS:\t80 kB\n'), /VmHWM/);
});

test('a live process has memory and never more than its peak', {
  skip: !existsSync('/proc/self/status'),
}, () => {
  const { residentBytes, peakBytes } = memoryOf(process.pid);
  assert.ok(residentBytes > 1024 * 1024);
  assert.ok(peakBytes >= residentBytes);
});
