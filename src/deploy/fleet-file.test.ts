/** Fleet files: what they mean, and every mistake at its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from '../config/problem.ts';
import { parseFleet } from './fleet-file.ts';
import { FLEET_KEYS } from './fleet-keys.ts';

function problems(text: string, env = {}): string[] {
  return parseFleet(text, 'fleet.yaml', env).problems.map(formatProblem);
}

test('a short file means its defaults', () => {
  const text = 'nodes: [gpu-1, root@10.0.0.2]\nmodels:\n  - model: /models/Qwen3-8B/\n';
  const { value } = parseFleet(text, 'fleet.yaml', {});
  const login = { user: '', port: 0, key: '' };
  const node = { address: '', ssh: login, port: 0, python: '', workdir: '', env: {}, args: [] };
  assert.deepEqual(value, {
    nodes: [
      { host: 'gpu-1', ...node },
      { host: 'root@10.0.0.2', ...node },
    ],
    models: [
      {
        ...{ model: '/models/Qwen3-8B/', servedName: 'Qwen3-8B', backend: 'vllm' },
        ...{ tensorParallelSize: 1, gpusPerService: 1, replicas: 0, hosts: [], port: 30596 },
        ...{ python: 'python3', workdir: '', env: {}, args: [] },
      },
    ],
  });
});

test('every key has its say, defaults below models and models below nodes', () => {
  const text = `
ssh: {user: ops, port: 2222, key: ~/.ssh/fleet}
nodes:
  - host: gpu-1
    address: 10.0.0.1
    ssh: {user: root}
    gpus: [4, 5, 5, 1]
    port: 8000
    python: vllm-env
    workdir: /srv
    env: {A: node}
    args: --swap-space 8
  - {host: gpu-2, gpus: 2}
defaults:
  backend: sglang
  tensor_parallel_size: 2
  gpus_per_service: 4
  env: {A: all, B: all}
  args: [--one]
models:
  - model: org/m
    name: m
    backend: vllm
    replicas: 3
    nodes: [gpu-2]
    port: 9000
    python: /opt/venv
    workdir: /data
    env: {A: "\${FROM}"}
    container: {runtime: podman, image: "vllm/vllm-openai:v1", args: [-v, "/m:/m"]}
`;
  const { value, problems: none } = parseFleet(text, 'fleet.yaml', { FROM: 'here' });
  assert.deepEqual(none, []);
  assert.deepEqual(value!.nodes[0], {
    ...{ host: 'gpu-1', address: '10.0.0.1', gpus: [1, 4, 5], port: 8000, python: 'vllm-env' },
    ssh: { user: 'root', port: 2222, key: '~/.ssh/fleet' },
    ...{ workdir: '/srv', env: { A: 'node' }, args: ['--swap-space', '8'] },
  });
  assert.deepEqual(value!.nodes[1]!.gpus, [0, 1]);
  assert.deepEqual(value!.models[0], {
    ...{ model: 'org/m', servedName: 'm', backend: 'vllm', replicas: 3, hosts: ['gpu-2'] },
    ...{ tensorParallelSize: 2, gpusPerService: 4, port: 9000, python: '/opt/venv' },
    ...{ workdir: '/data', env: { A: 'here', B: 'all' }, args: ['--one'] },
    container: { runtime: 'podman', image: 'vllm/vllm-openai:v1', args: ['-v', '/m:/m'] },
  });
});

test('every mistake is told at once, at its line and column', () => {
  const text = `nodes:
  - {host: gpu-1, gpu: 8}
  - host: "-oProxyCommand=x"
  - gpu-1
models:
  - model: a
    bakend: vllm
    backend: sgland
    nodes: [gpu-l1]
    args: --name 'x y'
    env: {1A: b, C: [d]}
  - {tensor_parallel_size: 0, gpus_per_service: 3, args: [--port=80], container: {}}
  - {model: b, tensor_parallel_size: 2, gpus_per_service: 3}
  - {model: x/a}
  - 7
`;
  assert.deepEqual(problems(text), [
    'fleet.yaml:2:19: nodes[0].gpu: unknown key: one of host, address, ssh, gpus, port, python, ' +
      'workdir, env, args',
    'fleet.yaml:3:11: nodes[1].host: must be a host name, an address or a name of ssh_config, ' +
      'not "-oProxyCommand=x"',
    'fleet.yaml:4:5: nodes[2]: gpu-1 is listed twice',
    'fleet.yaml:7:5: models[0].bakend: unknown key; did you mean "backend"?',
    'fleet.yaml:8:14: models[0].backend: must be one of vllm, sglang, not "sgland"; ' +
      'did you mean "sglang"?',
    'fleet.yaml:9:13: models[0].nodes[0]: "gpu-l1" is not a host of "nodes" above; ' +
      'did you mean "gpu-1"?',
    'fleet.yaml:10:11: models[0].args: has quotes: write it as a list, one word an item',
    'fleet.yaml:11:11: models[0].env.1A: is not the name of an environment variable',
    'fleet.yaml:11:21: models[0].env.C: must be a text on one line, not a list',
    'fleet.yaml:12:5: models[1].model: is missing',
    'fleet.yaml:12:28: models[1].tensor_parallel_size: must be a whole number from 1 to 128, ' +
      'not 0',
    'fleet.yaml:12:58: models[1].args: must not have --port=80: use the key "port"',
    'fleet.yaml:12:82: models[1].container.image: is missing',
    'fleet.yaml:13:5: models[2].gpus_per_service: must be a multiple of ' +
      'tensor_parallel_size (2), not 3',
    'fleet.yaml:14:5: models[3]: another model is called a too: ' +
      'give one of them another "name"',
    'fleet.yaml:15:5: models[4]: must be a section with keys, not 7',
  ]);
});

test('an empty file, a list and a missing part are told', () => {
  assert.match(problems('- a\n')[0]!, /expected the keys "nodes" and "models"/);
  assert.deepEqual(problems('nodes: []\n'), [
    'fleet.yaml:1:1: models: is missing or empty',
    'fleet.yaml:1:8: nodes: is missing or empty',
  ]);
});

test('a reference that is not set is named, and its value never shown', () => {
  const model = '{model: m, env: {T: os.environ/NOT_SET}, python: os.environ/SPACED}';
  const text = `nodes: [a]\nmodels: [${model}]\n`;
  const said = problems(text, { SPACED: 'my secret' }).join('\n');
  assert.match(said, /NOT_SET/);
  assert.match(said, /SPACED/);
  assert.doesNotMatch(said, /my secret/);
});

test('the table of keys is what the file may have', () => {
  assert.deepEqual(Object.keys(FLEET_KEYS), [
    '',
    'nodes',
    'models',
    'defaults',
    'ssh',
    'container',
  ]);
});
