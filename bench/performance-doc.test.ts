import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { performancePage } from './performance-doc.ts';
import type { Report, TargetReport } from './report.ts';
import type { Figures } from './scenarios/scenario.ts';

function target(...rounds: Figures[]): TargetReport {
  return { rounds, summary: {}, timesNginx: {} };
}

function report(scenarios: Report['scenarios'], argv: readonly string[] = []): Report {
  const pinning = { proxy: 0, backend: 1, load: 1, description: 'proxy on core 0' };
  const versions = { router: 'llm-router 9.9', direct: 'no proxy' };
  const system = { kernel: '6.1', node: 'v24.0.0', loadBefore: 0.5, memoryMiB: 24_106 };
  return {
    format: 1,
    at: '2030-01-02T03:04:05.000Z',
    machine: { cpu: 'A CPU', cores: 2, ...system, pinning, versions },
    options: readOptions(argv),
    scenarios,
  };
}

test('a goal is missed or met by the median of the ratios of the rounds', () => {
  const requests = {
    router: target({ cpuUs: 30, pacedCpuUs: 50 }, { cpuUs: 39, pacedCpuUs: 62 }),
    nginx: target({ cpuUs: 20, pacedCpuUs: 50 }, { cpuUs: 30, pacedCpuUs: 50 }),
  };
  const page = performancePage(report({ requests }));
  const closed = 'CPU per request, closed loop';
  assert.ok(page.includes(`- **${closed}**: 1.40 (1.30–1.50) × nginx instead of at most 1.25.`));
  assert.match(page, /\| CPU per request, fixed rate +\|.*1\.12 \(1\.00–1\.24\).*\| +met \|/);
  assert.match(page, /Not measured in this run: CPU per SSE event\./);
  assert.match(page, /## Scenario `requests`/);
  assert.doesNotMatch(page, /## Scenario `events`/);
});

test('no allocation at all is what the goal of allocation asks for', () => {
  const page = (ownHeapBytes: number) =>
    performancePage(report({ allocation: { router: target({ ownHeapBytes }) } }));
  assert.match(page(0.02), /No goal was missed\./);
  assert.match(page(104), /\*\*Our own heap allocation per SSE event\*\*: 104 bytes/);
});

test('the page says so when other processes were busy meanwhile', () => {
  const page = (othersShare: number) =>
    performancePage(report({ events: { router: target({ othersShare }) } }));
  assert.match(page(80), /not quiet\*\*: other processes took 80 % of one core/);
  assert.doesNotMatch(page(3), /not quiet/);
});

test('the page names machine, versions and a run that is no measurement', () => {
  const page = performancePage(report({}, ['--quick']));
  assert.match(page, /- Machine: A CPU, 2 cores, 24 GiB/);
  assert.match(page, /- router: llm-router 9\.9/);
  assert.match(page, /2030-01-02, a quick run: \*\*no measurement\*\*/);
  assert.doesNotMatch(performancePage(report({})), /quick run:/);
});
