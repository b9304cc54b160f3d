/**
 * What is to be deployed, as the flags or a fleet file say it, checked and complete: nodes and
 * models. Plain data; '' and 0 and an absent list mean "not said", as each field tells.
 */

export type Backend = 'vllm' | 'sglang';
export const BACKENDS: readonly Backend[] = ['vllm', 'sglang'];

/** Not said = ssh_config decides. */
export interface SshLogin {
  readonly user: string;
  readonly port: number;
  /** Path of a private key here. */
  readonly key: string;
}

export interface FleetNode {
  /** What ssh is given: a name of ssh_config, a host name or an address. */
  readonly host: string;
  /** What routers connect to; '' = what ssh_config says the host is. */
  readonly address: string;
  readonly ssh: SshLogin;
  /** Ids of the GPUs that may be used; absent = ask nvidia-smi. */
  readonly gpus?: readonly number[];
  /** Values that win over the model's on this node. */
  readonly port: number;
  readonly python: string;
  readonly workdir: string;
  readonly env: Environment;
  /** Come after the model's. */
  readonly args: readonly string[];
}

export type Environment = { readonly [name: string]: string };

export interface Container {
  readonly runtime: 'docker' | 'podman';
  readonly image: string;
  /** For the runtime, such as `-v /models:/models`. */
  readonly args: readonly string[];
}

export interface FleetModel {
  /** A path on the nodes or a name that the engine can fetch. */
  readonly model: string;
  /** The name clients ask for and the engine answers to. */
  readonly servedName: string;
  readonly backend: Backend;
  readonly tensorParallelSize: number;
  /** GPUs of one engine; more than the above with pipeline or data parallelism. */
  readonly gpusPerService: number;
  /** Engines wanted over all nodes; 0 = as many as fit. */
  readonly replicas: number;
  /** Hosts to use; empty = all. */
  readonly hosts: readonly string[];
  /** The first port to try. */
  readonly port: number;
  /** A conda environment's name, a virtual environment's folder, or an interpreter. */
  readonly python: string;
  readonly workdir: string;
  readonly env: Environment;
  readonly args: readonly string[];
  readonly container?: Container;
  /** The key that its engines ask for; absent = they ask for none. */
  readonly apiKey?: EngineKey;
}

/** A key by the variable that holds it: here, and where the routers run. */
export interface EngineKey {
  readonly variable: string;
  /** '' = there is no such variable here; enough for commands that start nothing. */
  readonly value: string;
}

/** Of a value that HTTP can carry. */
const KEY = /^[\x21-\x7e]+$/;

/** Why engines cannot be started with their keys, a sentence each. */
export function keyProblems({ models }: Fleet): string[] {
  return models.flatMap(({ servedName, apiKey }) => {
    if (apiKey === undefined || KEY.test(apiKey.value)) return [];
    const wrong =
      apiKey.value === '' ? 'is not in the environment' : 'has blanks or odd characters';
    return [`the key of ${servedName}: ${apiKey.variable} ${wrong}`];
  });
}

export interface Fleet {
  /** Engines that ask for a key may be replaced by engines that ask for none. */
  readonly dropsKeys?: boolean;
  readonly nodes: readonly FleetNode[];
  readonly models: readonly FleetModel[];
}

export const DEFAULT_PORT = 30596;
export const DEFAULT_PYTHON = 'python3';
export const NO_LOGIN: SshLogin = { user: '', port: 0, key: '' };

/** A node of which only the host is known. */
export function plainNode(host: string, ssh: SshLogin): FleetNode {
  return { host, address: '', ssh, port: 0, python: '', workdir: '', env: {}, args: [] };
}

/** `/models/Qwen3-8B/` → `Qwen3-8B`. */
export function lastSegment(model: string): string {
  return model.replace(/\/+$/, '').split('/').at(-1) ?? model;
}

/** GPU ids 0 … count−1. */
export function firstGpus(count: number): number[] {
  return Array.from({ length: count }, (_, id) => id);
}
