import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNKNOWN_REPORT } from './dialects/detect.ts';
import type { EngineReport } from './dialects/dialect.ts';
import { RestartWatch } from './engine-restart.ts';

/** At which of the reports an engine counts as started anew. */
function restarts(reports: readonly Partial<EngineReport>[]): number[] {
  const watch = new RestartWatch();
  return reports.flatMap((report, at) =>
    watch.take({ ...UNKNOWN_REPORT, ...report }) ? [at] : [],
  );
}

test('a newer start of the process is a restart, whatever the counters say', () => {
  const reports = [{ startTimeS: 100 }, { startTimeS: 101 }, { startTimeS: 130 }];
  assert.deepEqual(restarts(reports), [2]);
  const counted = [
    { startTimeS: 100, promptTokens: 50 },
    { startTimeS: 100, promptTokens: 3 },
  ];
  assert.deepEqual(restarts(counted), []);
});

test('two processes that take turns behind an address do not restart each time', () => {
  const turns = [100, 200, 100, 200, 100].map((startTimeS) => ({ startTimeS }));
  assert.deepEqual(restarts(turns), [1]);
});

test('without a start time, counters that go back are a restart', () => {
  const reports = [
    { promptTokens: 5, generationTokens: 9 },
    { promptTokens: 5, generationTokens: 9 },
    { promptTokens: 7, generationTokens: 2 },
    { promptTokens: 0, generationTokens: 3 },
  ];
  assert.deepEqual(restarts(reports), [2, 3]);
});

test('what is not known proves nothing', () => {
  const reports = [{ promptTokens: 5 }, {}, { promptTokens: 2 }, { startTimeS: 7 }];
  assert.deepEqual(restarts(reports), []);
});
