/** Fleets from flags, and lists of hosts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetOfFlags, hostsOfFlags, secondsFlag } from './flag-fleet.ts';
import { keyProblems } from './fleet.ts';
import { readHosts } from './hosts.ts';

test('ports behind hosts go, users stay, and each host counts once', () => {
  const list = '10.0.0.1:8000, gpu-2 root@gpu-3:22,[fe80::1]:9,fe80::2,gpu-2';
  assert.deepEqual(readHosts(list), {
    hosts: ['10.0.0.1', 'gpu-2', 'root@gpu-3', 'fe80::1', 'fe80::2'],
    wrong: [],
  });
  assert.deepEqual(readHosts('-oProxyCommand=x,a b$c').wrong, ['-oProxyCommand=x', 'b$c']);
});

test('the flags of the tool before this one make a fleet', () => {
  const flags = {
    ...{ 'model-name': '/m/Qwen3-8B', 'tensor-parallel-size': '2', 'gpus-per-node': '4' },
    ...{ port: '9000', backend: 'sglang', 'python-cmd': 'sgl', 'served-model-name': 'q' },
  };
  const { fleet, problems } = fleetOfFlags(flags, 'a:80,b', {});
  assert.deepEqual(problems, []);
  assert.deepEqual(
    fleet!.nodes.map(({ host, gpus }) => [host, gpus]),
    [
      ['a', [0, 1, 2, 3]],
      ['b', [0, 1, 2, 3]],
    ],
  );
  const { model, servedName, backend, port, python, gpusPerService } = fleet!.models[0]!;
  const said = [model, servedName, backend, port, python, gpusPerService];
  assert.deepEqual(said, ['/m/Qwen3-8B', 'q', 'sglang', 9000, 'sgl', 2]);
});

test('--hosts wins over NODE_IP_LIST, and the model has a name without being given one', () => {
  const { fleet } = fleetOfFlags({ hosts: 'x', 'model-name': 'org/m/' }, 'a,b', {});
  assert.deepEqual(
    fleet!.nodes.map(({ host }) => host),
    ['x'],
  );
  assert.equal(fleet!.models[0]!.servedName, 'm');
  assert.equal(fleet!.nodes[0]!.gpus, undefined, 'GPUs are counted on the node');
});

test('all mistakes are told at once', () => {
  const flags = {
    ...{ 'tensor-parallel-size': '0', port: '70000', backend: 'vlm', 'python-cmd': 'a b' },
    ...{ 'gpus-per-node': 'x', 'ssh-port': '1e3' },
  };
  const { problems } = fleetOfFlags(flags, '', {});
  assert.equal(problems.length, 8, problems.join('\n'));
  assert.ok(
    problems.includes('--backend does not know "vlm": did you mean vllm?') ||
      problems.includes('--backend does not know "vlm": one of vllm, sglang'),
  );
  assert.equal(hostsOfFlags({}, '').problems.length, 1);
});

test('a key comes by the name of its variable, and is never repeated', () => {
  const asked = (name: string, env: Record<string, string>) => {
    return fleetOfFlags({ 'model-name': 'm', 'api-key-env': name }, 'a', env);
  };
  const { fleet } = asked('FLEET_KEY', { FLEET_KEY: 'sk-1' });
  assert.deepEqual(fleet!.models[0]!.apiKey, { variable: 'FLEET_KEY', value: 'sk-1' });
  assert.deepEqual(keyProblems(fleet!), []);
  const missing = keyProblems(asked('FLEET_KEY', {}).fleet!);
  assert.deepEqual(missing, ['the key of m: FLEET_KEY is not in the environment']);
  const odd = keyProblems(asked('FLEET_KEY', { FLEET_KEY: 'a b' }).fleet!);
  assert.deepEqual(odd, ['the key of m: FLEET_KEY has blanks or odd characters']);
  const { problems } = asked('sk-1', {});
  assert.deepEqual(problems, [
    '--api-key-env must be the name of an environment variable, not a key',
  ]);
  const both = { 'model-name': 'm', 'api-key-env': 'K', 'no-api-key': '' };
  assert.match(fleetOfFlags(both, 'a', {}).problems.join(), /--no-api-key exclude each other/);
});

test('seconds may have fractions and must be numbers', () => {
  assert.equal(secondsFlag({ s: '1.5' }, 's', 7), 1500);
  assert.equal(secondsFlag({}, 's', 7), 7);
  assert.match(secondsFlag({ s: '3m' }, 's', 7) as string, /^--s must be a number of seconds/);
});
