/** What a run must leave behind in the router: nothing, and the same process. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningRouter } from '../fakes/router.ts';

export interface Vitals {
  readonly descriptors: number;
  readonly residentBytes: number;
}

/** Level of errors in the router's log. */
const ERROR_LEVEL = 50;
const SETTLED_MS = 15_000;
const POLL_MS = 100;
/** Connections of probes and of this test's own looks. */
const SLACK_DESCRIPTORS = 6;

export function vitals({ pid }: RunningRouter): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? ['', '0'];
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    residentBytes: Number(kilobytes) * 1024,
  };
}

/** Waits until gauges and descriptors are back where they were, and says what never came back. */
export async function assertLeftNothing(
  router: RunningRouter,
  before: Vitals,
  maxGrowthBytes: number,
): Promise<void> {
  const untilMs = performance.now() + SETTLED_MS;
  for (;;) {
    const { requests, backends } = await router.dashboard();
    const now = vitals(router);
    const running = requests.total - requests.success - requests.failures;
    const leases = backends.reduce((sum, row) => sum + row.connections + row.pending, 0);
    const extra = now.descriptors - before.descriptors;
    if (running === 0 && leases === 0 && extra <= SLACK_DESCRIPTORS) break;
    const left = `${running} exchanges, ${leases} leases, ${extra} descriptors`;
    assert.ok(performance.now() < untilMs, `left behind: ${left}`);
    await delay(POLL_MS);
  }
  const errors = router.logs().filter(({ level }) => (level ?? 0) >= ERROR_LEVEL);
  assert.deepEqual(errors, [], 'the router logged errors');
  const grown = vitals(router).residentBytes - before.residentBytes;
  const megabytes = Math.round(grown / 2 ** 20);
  assert.ok(grown <= maxGrowthBytes, `the router grew by ${megabytes} MiB`);
}
