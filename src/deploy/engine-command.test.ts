/** Command lines and environments of engines. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandText, engineCommand, keyOf, onPort, quoted, withoutKey } from './engine-command.ts';
import type { FleetModel } from './fleet.ts';

const MODEL: FleetModel = {
  ...{ model: '/models/Qwen3-8B', servedName: 'Qwen3-8B', backend: 'vllm', replicas: 0 },
  ...{ hosts: [], tensorParallelSize: 4, gpusPerService: 4, port: 30596, python: 'python3' },
  ...{ workdir: '', env: {}, args: [] },
};
const PLACE = { port: 30597, gpus: [4, 5, 6, 7], python: '/opt/py', id: 'Qwen3-8B-g4-7' };

function text(model: Partial<FleetModel>): string {
  return commandText(engineCommand({ ...MODEL, ...model }, PLACE));
}

test('vLLM gets what the tool before this one gave it', () => {
  assert.equal(
    text({}),
    'CUDA_VISIBLE_DEVICES=4,5,6,7 NCCL_TIMEOUT=360 OMP_NUM_THREADS=32 ' +
      'VLLM_WORKER_MULTIPROC_METHOD=spawn /opt/py -m vllm.entrypoints.openai.api_server ' +
      '--model /models/Qwen3-8B --served-model-name Qwen3-8B --tensor-parallel-size 4 ' +
      '--port 30597 --trust-remote-code --enable-prefix-caching ' +
      '--limit-mm-per-prompt.video 0 --async-scheduling --max-model-len 65536',
  );
});

test('a key comes to engines by a variable, is not among arguments and is not shown', () => {
  const apiKey = { variable: 'FLEET_KEY', value: 'sk-1' };
  for (const backend of ['vllm', 'sglang'] as const) {
    const command = engineCommand({ ...MODEL, apiKey, backend }, PLACE);
    assert.equal(keyOf(command), 'sk-1');
    assert.doesNotMatch(command.argv.join(' '), /sk-1/);
    assert.doesNotMatch(commandText(command), /sk-1/);
    assert.equal(withoutKey('api_key=sk-1, port=1', command), 'api_key=***, port=1');
  }
  assert.equal(keyOf(engineCommand(MODEL, PLACE)), '');
  const boxed = {
    ...MODEL,
    apiKey,
    container: { runtime: 'docker', image: 'i', args: [] },
  } as const;
  assert.match(engineCommand(boxed, PLACE).argv.join(' '), / -e VLLM_API_KEY /);
});

test('SGLang gets what the tool before this one gave it', () => {
  assert.equal(
    text({ backend: 'sglang' }),
    'CUDA_VISIBLE_DEVICES=4,5,6,7 NCCL_TIMEOUT=360 OMP_NUM_THREADS=32 ' +
      '/opt/py -m sglang.launch_server --model-path /models/Qwen3-8B ' +
      '--served-model-name Qwen3-8B --host 0.0.0.0 --port 30597 --tp 4 ' +
      '--chunked-prefill-size 2048 --enable-metrics',
  );
});

test('Qwen3.5 and mixtures of experts get arguments of their own', () => {
  const qwen = text({ model: 'Qwen/Qwen3.5-35B-A3B' });
  const own = '--max-model-len 262144 --reasoning-parser qwen3 --mm-encoder-tp-mode data';
  assert.ok(qwen.endsWith(`${own} --enable-expert-parallel`), qwen);
  assert.ok(text({ model: 'Qwen3-235B-A22B-Instruct' }).endsWith(' --enable-expert-parallel'));
  assert.ok(!text({ model: 'Yi-A3Bx' }).includes('expert'));
});

test('an argument of the user takes the place of the default of its name', () => {
  const said = text({ args: ['--max-model-len', '8192', '--host=::', '--no-async'] });
  assert.ok(said.endsWith(' --async-scheduling --max-model-len 8192 --host=:: --no-async'), said);
});

test("variables of the user win, and a secret's value is not shown", () => {
  const env = { OMP_NUM_THREADS: '8', HF_TOKEN: 'hf_secret', NOTE: "it's" };
  const said = text({ env, args: ['--api-key', 'sk-secret'], workdir: '/srv/my dir' });
  assert.ok(said.startsWith("cd '/srv/my dir' && CUDA_VISIBLE_DEVICES=4,5,6,7 "), said);
  assert.match(said, /OMP_NUM_THREADS=8 /);
  assert.match(said, /HF_TOKEN=\*\*\* NOTE='it'\\''s' /);
  assert.match(said, /--api-key \*\*\*$/);
  assert.ok(!said.includes('secret'));
});

test('a container sees its GPUs only and gets its variables by name', () => {
  const container = { image: 'vllm/vllm-openai:v1', args: ['-v', '/models:/models'] };
  const docker = engineCommand({ ...MODEL, container: { ...container, runtime: 'docker' } }, PLACE);
  assert.equal(docker.container, 'llm-router-Qwen3-8B-g4-7');
  assert.ok(!('CUDA_VISIBLE_DEVICES' in docker.env));
  const line = docker.argv.join(' ');
  const head = 'docker run --rm --name llm-router-Qwen3-8B-g4-7 --gpus "device=4,5,6,7" ';
  assert.ok(line.startsWith(`${head}--network host --ipc host -e NCCL_TIMEOUT`), line);
  assert.match(line, /--entrypoint python3 -v \/models:\/models vllm\/vllm-openai:v1 -m vllm/);
  const podman = engineCommand({ ...MODEL, container: { ...container, runtime: 'podman' } }, PLACE);
  assert.match(podman.argv.join(' '), /^podman run .* --device nvidia\.com\/gpu=4 --device nv/);
});

test('another port changes the port and nothing else', () => {
  const command = engineCommand({ ...MODEL, args: ['--seed', '30597'] }, PLACE);
  const before = command.argv.join(' ');
  const after = onPort(command, 30612).argv.join(' ');
  assert.equal(after, before.replace('--port 30597', '--port 30612'));
});

test('a shell reads every quoted word as it was', () => {
  const words = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 });
  const property = fc.property(words, (all) => {
    const safe = all.map((word) => word.replaceAll('\0', '').toWellFormed());
    const script = `printf '%s\\0' ${safe.map(quoted).join(' ')}`;
    const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
    assert.deepEqual(printed.split('\0').slice(0, -1), safe);
  });
  fc.assert(property, { seed: 3, numRuns: 50 });
});
