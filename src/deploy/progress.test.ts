/** What a rollout looks like while it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FleetModel, firstGpus, NO_LOGIN, plainNode } from './fleet.ts';
import { planFleet } from './plan.ts';
import { JsonLines, Panel, PlainLines } from './progress.ts';
import { type Phase, ServiceRun } from './service-run.ts';

const MODEL: FleetModel = {
  ...{ model: 'm', servedName: 'm', backend: 'vllm', replicas: 0, hosts: [], python: 'p' },
  ...{ tensorParallelSize: 4, gpusPerService: 4, port: 8000, workdir: '', env: {}, args: [] },
};

function runs(...phases: readonly Phase[]): ServiceRun[] {
  const hosts = phases.map((_, index) => `gpu-${index}`);
  const nodes = hosts.map((host) => ({ ...plainNode(host, NO_LOGIN), gpus: firstGpus(4) }));
  const own = {
    address: 'a',
    ports: new Set<number>(),
    services: [],
    pythons: new Map([['p', 'p']]),
  };
  const plan = planFleet({ nodes, models: [MODEL] }, new Map(hosts.map((host) => [host, own])));
  return plan.services.map((service, index) => {
    const run = new ServiceRun(service);
    if (phases[index] !== 'queued') run.begin(1000);
    run.phase = phases[index]!;
    if (run.isSettled) run.settledMs = 4000;
    return run;
  });
}

function panel(all: readonly ServiceRun[], size: { columns: number; rows: number }): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  new Panel({ write, size: () => size }, 0).tick(all, 66_000);
  return text.replaceAll('\u001b[K', '').replaceAll('\u001b[J', '');
}

test('the panel has a bar, a line a service, and its last log line cut to the width', () => {
  const all = runs('ready', 'failed', 'loading', 'queued');
  all[2]!.detail = `Loading weights ${'x'.repeat(99)}`;
  assert.equal(
    panel(all, { columns: 60, rows: 24 }),
    [
      '[############------------] 1/4 ready, 1 failed  1:06',
      'NODE   GPUS  PORT  PHASE    FOR',
      'gpu-0  0-3   8000  ready    3 s',
      'gpu-1  0-3   8001  failed   3 s',
      'gpu-2  0-3   8002  loading  1:05  Loading weights xxxxxxxxx…',
      'gpu-3  0-3   8003  queued',
      '',
    ].join('\n'),
  );
});

test('a low window shows what is still to come and counts the rest', () => {
  const all = runs('ready', 'ready', 'loading', 'queued', 'ready');
  const lines = panel(all, { columns: 80, rows: 6 }).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.slice(0, 5)),
    ['[####', 'NODE ', 'gpu-2', 'gpu-3', '… and'],
  );
});

test('plain lines tell phases once and remind of what loads', () => {
  const said: string[] = [];
  const lines = new PlainLines((text) => said.push(text), 0);
  const [run] = runs('loading');
  run!.detail = 'Loading weights 10 %';
  for (const nowMs of [1000, 1500]) lines.changed(run!, nowMs);
  lines.tick([run!], 19_000);
  lines.tick([run!], 21_000);
  run!.phase = 'failed';
  run!.detail = 'ended: no';
  lines.changed(run!, 22_000);
  assert.deepEqual(said, [
    'gpu-0 GPU 0-3 port 8000: loading\n',
    'gpu-0 GPU 0-3 port 8000: loading after 20 s: Loading weights 10 %\n',
    'gpu-0 GPU 0-3 port 8000: failed after 21 s: ended: no\n',
  ]);
});

test('JSON is a line an event', () => {
  const said: string[] = [];
  new JsonLines((text) => said.push(text)).changed(runs('ready')[0]!, 9000);
  const { event, host, gpus, port, phase, elapsed_ms: elapsed } = JSON.parse(said[0]!);
  assert.deepEqual(
    [event, host, gpus, port, phase, elapsed],
    [...['service', 'gpu-0', [0, 1, 2, 3], 8000, 'ready', 3000]],
  );
});
