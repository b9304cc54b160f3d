/** From start to ready on a node that is played: time is counted, not waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FleetModel, firstGpus, NO_LOGIN, plainNode } from './fleet.ts';
import { planFleet, type Service } from './plan.ts';
import { type RolloutOptions, rollOut } from './rollout.ts';

const MODEL: FleetModel = {
  ...{ model: 'm', servedName: 'm', backend: 'vllm', replicas: 0, hosts: [], python: 'p' },
  ...{ tensorParallelSize: 1, gpusPerService: 1, port: 8000, workdir: '', env: {}, args: [] },
};
const FACTS = {
  ...{ address: 'a', ports: new Set([8021]), services: [], pythons: new Map([['p', 'p']]) },
};

/** What the played node says of each service at each look; '' = it does not answer. */
type Script = (look: number, port: number) => string;

async function play(gpus: number, script: Script, own: Partial<RolloutOptions> = {}) {
  const nodes = [{ ...plainNode('n', NO_LOGIN), gpus: firstGpus(gpus) }];
  const facts = new Map([['n', FACTS]]);
  const { services } = planFleet({ nodes, models: [MODEL] }, facts);
  const starts: { atMs: number; port: number }[] = [];
  const told: Service[] = [];
  const ports = new Map<string, number>();
  let nowMs = 0;
  let looks = 0;
  const run = (_node: unknown, text: string) => {
    const record = /^(\{"id".*\})$/m.exec(text)?.[1];
    let said = '';
    if (record !== undefined) {
      const { id, port } = JSON.parse(record) as Service;
      ports.set(id, port);
      starts.push({ atMs: Math.round(nowMs / 100) * 100, port });
      said = '@started 7\n';
    } else if (text.includes('@look')) {
      looks++;
      for (const [, id] of text.matchAll(/^report (\S+) /gm)) {
        const log = script(looks, ports.get(id!)!);
        if (log === '') return Promise.resolve({ stdout: Buffer.from(''), fault: 'it is away' });
        said += `@look ${id} ${log.includes('Error') ? 'dead' : 'alive'} 1 ${log.length}\n${log}\n`;
      }
    }
    return Promise.resolve({ stdout: Buffer.from(said), fault: '' });
  };
  const runs = await rollOut(services, facts, {
    ssh: { run },
    fetch: () => Promise.resolve(new Response('{}')),
    nowMs: () => nowMs,
    sleep: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    random: () => 0,
    signal: new AbortController().signal,
    ...{ stateDir: '', staggerMs: 3000, timeoutMs: 60_000, graceMs: 1000 },
    onBegin: () => undefined,
    onChange: () => undefined,
    onReady: (service) => Promise.resolve(void told.push(service)),
    beforeReplace: () => Promise.resolve(),
    ...own,
  });
  const ends = runs.map(({ phase, detail }) => `${phase}: ${detail}`.replace(/: $/, ''));
  return { ends, starts, told, nowMs };
}

const READY = 'INFO: Application startup complete.\n';
const TAKEN = 'OSError: [Errno 98] Address already in use\n';

test('services of a node start one after another and are told of when ready', async () => {
  const { ends, starts, told } = await play(3, () => READY);
  assert.deepEqual(ends, ['ready', 'ready', 'ready']);
  assert.equal(told.length, 3);
  const gaps = starts.slice(1).map(({ atMs }, index) => atMs - starts[index]!.atMs);
  for (const gap of gaps) assert.ok(gap >= 3000 && gap < 5000, `${gaps}`);
});

test('a taken port is left: 10 above it, or the next that is free', async () => {
  const { ends, starts, told } = await play(1, (_, port) => (port < 8022 ? TAKEN : READY));
  assert.deepEqual(ends, ['ready']);
  // 8021 is in use on the node.
  assert.deepEqual(
    starts.map(({ port }) => port),
    [8000, 8010, 8020, 8030],
  );
  assert.equal(told[0]!.apiBase, 'http://a:8030/v1');
  assert.ok(told[0]!.command.argv.join(' ').includes('--port 8030 '));
});

test('after five other ports it gives up', async () => {
  const { ends, starts } = await play(1, () => TAKEN);
  assert.deepEqual(ends, ['failed: ports were taken 6 times in a row']);
  assert.equal(starts.length, 6);
});

test('a node may be away for a while, and not for good', async () => {
  const back = await play(1, (look) => (look < 9 ? '' : READY));
  assert.deepEqual(back.ends, ['ready']);
  const gone = await play(2, (look) => (look < 3 ? 'INFO loading\n' : ''));
  assert.deepEqual(gone.ends, ['failed: lost: it is away', 'failed: lost: it is away']);
});

test('what is not ready in time has failed, with its last line', async () => {
  const { ends, nowMs } = await play(1, () => 'INFO still loading\n');
  assert.deepEqual(ends, ['failed: not ready after 60 s; last: INFO still loading']);
  assert.ok(nowMs < 65_000);
});

test('an interruption ends the watching at once', async () => {
  const { ends } = await play(1, () => 'INFO loading\n', { signal: AbortSignal.abort() });
  assert.deepEqual(ends, ['queued']);
});
