/**
 * What a fault is to this folder: how it is provoked, what the client sees, and a run that
 * measures it. The same run serves two ends: a short one in every test run, a long one for the
 * table in docs/reliability.md.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

/** `short`: seconds, beside other tests. `long`: as much as the promise says. */
export type Scale = 'short' | 'long';

export interface Finding {
  readonly what: string;
  readonly measured: string;
  /** What was promised. */
  readonly limit: string;
  readonly passed: boolean;
}

export interface Fault {
  readonly title: string;
  /** How the long run provokes it; one sentence. */
  readonly provoked: string;
  /** What the client sees; one sentence. */
  readonly seen: string;
  /** Why the promise cannot be kept, or not be looked at, when the router runs under Bun. */
  readonly notUnderBun?: string;
  run(scale: Scale): Promise<readonly Finding[]>;
}

/** Each fault's short run as a test; `atOnce` of them together where nothing is timed closely. */
export function testFaults(faults: readonly Fault[], atOnce = 1): void {
  suite('faults', { concurrency: atOnce }, () => {
    for (const fault of faults) {
      const skip = process.env.LLM_ROUTER_RUNTIME === 'bun' && (fault.notUnderBun ?? false);
      test(fault.title, { skip }, async () => {
        const findings = await fault.run('short');
        assert.ok(findings.length > 0);
        for (const finding of findings) console.log(inWords(finding));
        const failed = findings.filter(({ passed }) => !passed).map(inWords);
        assert.deepEqual(failed, []);
      });
    }
  });
}

export function inWords({ what, measured, limit, passed }: Finding): string {
  return `${passed ? 'ok  ' : 'FAIL'} ${what}: ${measured} (${limit})`;
}

/** Something counted that must be exactly `wanted`. */
export function exactly(what: string, count: number, wanted: number): Finding {
  return { what, measured: String(count), limit: String(wanted), passed: count === wanted };
}

/** Something measured that must not exceed `limit`. */
export function atMost(what: string, value: number, limit: number, unit: string): Finding {
  const digits = limit < 20 ? 2 : 0;
  return {
    what,
    measured: `${value.toFixed(digits)} ${unit}`,
    limit: `≤ ${Number(limit.toFixed(2))} ${unit}`,
    passed: value <= limit,
  };
}

/** Something worth knowing that nothing was promised about. */
export function noted(what: string, measured: string): Finding {
  return { what, measured, limit: 'reported', passed: true };
}

/** The value that the share `q` of the samples does not exceed. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Runs `work` for 0 … count-1, `atOnce` of them at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, loop));
}
