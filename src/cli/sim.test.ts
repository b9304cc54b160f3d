import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReport } from '../control/dialects/detect.ts';
import { Ledger } from '../sim/ledger.ts';
import { metricsPage } from '../sim/metrics-page.ts';
import { runSim } from './sim.ts';

test('the scraper understands what the simulated engine reports, in both dialects', () => {
  const ledger = new Ledger();
  ledger.promptTokens = 101;
  ledger.generationTokens = 7;
  const load = { running: 5, waiting: 3, kvUsage: 0.25 };
  for (const engine of ['vllm', 'sglang']) {
    for (const dataParallelSize of [1, 4]) {
      const page = metricsPage({ engine, model: 'a "b"\\', dataParallelSize }, load, ledger);
      assert.deepEqual(readReport(page), {
        engine,
        running: 5,
        waiting: 3,
        kvUsage: 0.25,
        kvUsageMax: 0.25,
        promptTokens: 101,
        generationTokens: 7,
        cacheTokens: -1,
        startTimeS: -1,
      });
    }
  }
});

test('a wrong flag is a usage error, a taken port a failure', async (context) => {
  const written: string[] = [];
  context.mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0);
  assert.equal(await runSim(['--nope']), 2);
  assert.equal(await runSim(['--host', '192.0.2.1']), 1);
  assert.match(written[0]!, /--help/);
  assert.match(written[1]!, /EADDRNOTAVAIL/);
});
