import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuList, parseMachineStat, parseSchedstat, parseStat, treeOf } from './proc.ts';

const TAIL = 'S 41 42 42 0 -1 4194560 900 0 0 0 123 45 6 7 20 0 11 0 5000 1000 200';

test('user and system ticks are found after the process name', () => {
  assert.deepEqual(parseStat(`42 (node) ${TAIL}`), {
    pid: 42,
    parentPid: 41,
    userTicks: 123,
    systemTicks: 45,
  });
});

test('a process name with spaces and parentheses does not shift the fields', () => {
  assert.equal(parseStat(`42 (a) b (c 9 9) ${TAIL}`).userTicks, 123);
});

test('text that is no stat line is refused', () => {
  assert.throws(() => parseStat(''), SyntaxError);
  assert.throws(() => parseStat('42 (node) S 41'), SyntaxError);
});

test('the run time of a thread is the first number of schedstat', () => {
  assert.equal(parseSchedstat('553776 307847 2\n'), 553776);
  assert.throws(() => parseSchedstat(''), SyntaxError);
});

test('CPU lists expand ranges and single cores', () => {
  assert.deepEqual(parseCpuList('0-1'), [0, 1]);
  assert.deepEqual(parseCpuList('3,8-10\n'), [3, 8, 9, 10]);
  assert.throws(() => parseCpuList(''), SyntaxError);
});

test('a process tree holds children of children in any order of listing', () => {
  const pair = (pid: number, parentPid: number) => ({
    pid,
    parentPid,
    userTicks: 0,
    systemTicks: 0,
  });
  const all = [pair(30, 20), pair(20, 10), pair(11, 1), pair(10, 1)];
  assert.deepEqual(treeOf(10, all), [10, 20, 30]);
});

test('the machine is busy with everything but idling, waiting and stolen time', () => {
  const text = 'cpu  10 20 30 1000 2000 4 5 6 100 100\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  assert.deepEqual(parseMachineStat(text), { busyTicks: 69, stolenTicks: 6 });
  assert.throws(() => parseMachineStat('intr 5'), SyntaxError);
});
