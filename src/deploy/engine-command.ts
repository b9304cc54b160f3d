/**
 * The command line and environment of one engine. Pure. The defaults are those of the tool that
 * this one replaces, so that a fleet moves over unchanged; an argument given by the user takes the
 * place of the default of the same name.
 */
import type { Backend, Container, Environment, FleetModel } from './fleet.ts';

export interface EnginePlace {
  readonly port: number;
  readonly gpus: readonly number[];
  /** Absolute path or command of the interpreter on the node. */
  readonly python: string;
  /** Unique on the node; names the container. */
  readonly id: string;
}

export interface EngineCommand {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** '' = the home folder. */
  readonly workdir: string;
  /** Name of the container the engine runs in; '' = none. */
  readonly container: string;
  readonly runtime: '' | Container['runtime'];
}

/** Where each engine finds the key that it asks for. */
const KEY_VARIABLES: Readonly<Record<Backend, string>> = {
  vllm: 'VLLM_API_KEY',
  sglang: 'SGLANG_API_KEY',
};

/** The key that an engine of this environment asks for; '' = none. Also of those found on nodes. */
export function keyOf({ env }: Pick<EngineCommand, 'env'>): string {
  return env[KEY_VARIABLES.vllm] ?? env[KEY_VARIABLES.sglang] ?? '';
}

/** A text of an engine for people to read: some engines log their whole settings. */
export function withoutKey(text: string, command: EngineCommand): string {
  const key = keyOf(command);
  return key === '' ? text : text.replaceAll(key, '***');
}

/** Mixture-of-experts models carry the active parameters in their name: `-A3B`, `-A22B`. */
const EXPERTS = /-A\d+(\.\d+)?B(?![a-z0-9])/i;
const QWEN_3_5 = /qwen-?3\.5/i;

/** `model` has the node's own values in it already. */
export function engineCommand(model: FleetModel, place: EnginePlace): EngineCommand {
  const own = model.backend === 'vllm' ? vllm(model, place.port) : sglang(model, place.port);
  const args = withoutRepeated(own, model.args);
  const engine = [...args.flat(), ...model.args];
  const env = { ...defaultEnv(model), ...model.env };
  const gpus = place.gpus.join(',');
  const { container, workdir } = model;
  if (container === undefined) {
    return {
      argv: [place.python, ...engine],
      env: { CUDA_VISIBLE_DEVICES: gpus, ...env },
      ...{ workdir, container: '', runtime: '' },
    };
  }
  const name = `llm-router-${place.id}`;
  const argv = [...runArgs(container, name, gpus), ...Object.keys(env).flatMap((n) => ['-e', n])];
  const inside = ['--entrypoint', 'python3', ...container.args, container.image, ...engine];
  return {
    argv: [container.runtime, ...argv, ...inside],
    env,
    ...{ workdir, container: name, runtime: container.runtime },
  };
}

/** The same command on another port. */
export function onPort(command: EngineCommand, port: number): EngineCommand {
  const at = command.argv.lastIndexOf('--port') + 1;
  return { ...command, argv: command.argv.with(at, String(port)) };
}

type Flag = readonly string[];

function vllm(model: FleetModel, port: number): Flag[] {
  const flags: Flag[] = [
    ['-m', 'vllm.entrypoints.openai.api_server'],
    ['--model', model.model],
    ['--served-model-name', model.servedName],
    ['--tensor-parallel-size', String(model.tensorParallelSize)],
    ['--port', String(port)],
    ['--trust-remote-code'],
    ['--enable-prefix-caching'],
    ['--limit-mm-per-prompt.video', '0'],
    ['--async-scheduling'],
  ];
  if (QWEN_3_5.test(model.model)) {
    flags.push(['--max-model-len', '262144']);
    flags.push(['--reasoning-parser', 'qwen3'], ['--mm-encoder-tp-mode', 'data']);
  } else {
    flags.push(['--max-model-len', '65536']);
  }
  if (EXPERTS.test(model.model)) flags.push(['--enable-expert-parallel']);
  return flags;
}

/**
 * SGLang takes its key as an argument only, and arguments are for all users of a node to see. So
 * Python adds it to them once the process runs, and goes on as `-m` would.
 */
const SGLANG_WITH_KEY = [
  'import os, runpy, sys',
  `sys.argv[1:1] = ["--api-key", os.environ["${KEY_VARIABLES.sglang}"]]`,
  'runpy.run_module("sglang.launch_server", run_name="__main__", alter_sys=True)',
].join('; ');

function sglang(model: FleetModel, port: number): Flag[] {
  return [
    model.apiKey === undefined ? ['-m', 'sglang.launch_server'] : ['-c', SGLANG_WITH_KEY],
    ['--model-path', model.model],
    ['--served-model-name', model.servedName],
    ['--host', '0.0.0.0'],
    ['--port', String(port)],
    ['--tp', String(model.tensorParallelSize)],
    ['--chunked-prefill-size', '2048'],
    ['--enable-metrics'],
  ];
}

/** Without the defaults that `given` says anew: `--max-model-len 8192`, `--host=::`. */
function withoutRepeated(flags: readonly Flag[], given: readonly string[]): readonly Flag[] {
  const names = new Set(given.map((word) => word.replace(/=.*$/s, '')));
  return flags.filter(([name]) => !names.has(name!));
}

function defaultEnv({ backend, apiKey }: FleetModel): Environment {
  const key = apiKey === undefined ? {} : { [KEY_VARIABLES[backend]]: apiKey.value };
  const both = { NCCL_TIMEOUT: '360', OMP_NUM_THREADS: '32', ...key };
  return backend === 'vllm' ? { ...both, VLLM_WORKER_MULTIPROC_METHOD: 'spawn' } : both;
}

/** The engine sees only its own GPUs, numbered from 0; the network is the node's. */
function runArgs({ runtime }: Container, name: string, gpus: string): string[] {
  const devices =
    runtime === 'docker'
      ? ['--gpus', `"device=${gpus}"`]
      : gpus.split(',').flatMap((gpu) => ['--device', `nvidia.com/gpu=${gpu}`]);
  return ['run', '--rm', '--name', name, ...devices, '--network', 'host', '--ipc', 'host'];
}

/** Names of variables that hold what should not be seen. */
const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL/i;

/** The command as one line for a shell, secrets masked. */
export function commandText({ env, argv, workdir }: EngineCommand): string {
  const variables = Object.entries(env).map(
    ([name, value]) => `${name}=${SECRET.test(name) ? '***' : quoted(value)}`,
  );
  const shown = argv.map((word, index) => (isSecretValue(argv, index) ? '***' : quoted(word)));
  const folder = workdir === '' ? '' : `cd ${quoted(workdir)} && `;
  return `${folder}${[...variables, ...shown].join(' ')}`;
}

function isSecretValue(argv: readonly string[], index: number): boolean {
  const name = argv[index - 1] ?? '';
  return name.startsWith('--') && SECRET.test(name.replaceAll('-', '_'));
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
