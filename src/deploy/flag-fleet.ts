/**
 * A fleet of one model from the command line, with the flags of the tool before this one. Pure.
 * Every problem at once, as sentences.
 */
import type { Env } from '../config/references.ts';
import { nearest } from '../config/suggest.ts';
import {
  BACKENDS,
  DEFAULT_PORT,
  DEFAULT_PYTHON,
  type EngineKey,
  type Fleet,
  type FleetModel,
  firstGpus,
  lastSegment,
  plainNode,
  type SshLogin,
} from './fleet.ts';
import { VARIABLE_RULE } from './fleet-values.ts';
import { readHosts } from './hosts.ts';

export type Flags = { readonly [name: string]: string };

export interface FlagFleet {
  readonly fleet?: Fleet;
  readonly problems: readonly string[];
}

const MAX_GPUS = 128;

/** For `up`: hosts and a model. `nodeList` is NODE_IP_LIST. */
export function fleetOfFlags(flags: Flags, nodeList: string, env: Env): FlagFleet {
  const read = new FlagReader(flags);
  const nodes = read.nodes(nodeList);
  const model = read.model(env);
  if (read.problems.length > 0) return { problems: read.problems };
  return { fleet: { nodes, models: [model] }, problems: [] };
}

/** For commands on what runs already: hosts are enough. */
export function hostsOfFlags(flags: Flags, nodeList: string): FlagFleet {
  const read = new FlagReader(flags);
  const nodes = read.nodes(nodeList);
  if (read.problems.length > 0) return { problems: read.problems };
  return { fleet: { nodes, models: [] }, problems: [] };
}

class FlagReader {
  readonly problems: string[] = [];
  readonly #flags: Flags;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  nodes(nodeList: string) {
    const isGiven = this.#flags.hosts !== undefined;
    const name = isGiven ? '--hosts' : 'NODE_IP_LIST';
    const { hosts, wrong } = readHosts(this.#flags.hosts ?? nodeList);
    for (const word of wrong) this.problems.push(`${name}: "${word}" is not a host`);
    if (hosts.length === 0 && wrong.length === 0) {
      this.problems.push('no nodes: give --hosts A,B, or NODE_IP_LIST, or -f fleet.yaml');
    }
    const gpus = this.integer('gpus-per-node', 0, { min: 1, max: MAX_GPUS });
    const login = this.login();
    return hosts.map((host) => {
      const node = plainNode(host, login);
      return gpus === 0 ? node : { ...node, gpus: firstGpus(gpus) };
    });
  }

  login(): SshLogin {
    const user = this.#flags['ssh-user'] ?? '';
    if (user.startsWith('-')) this.problems.push(`--ssh-user: "${user}" is not a user`);
    const port = this.integer('ssh-port', 0, { min: 1, max: 65_535 });
    return { user, port, key: this.#flags['ssh-key'] ?? '' };
  }

  model(env: Env): FleetModel {
    const model = this.#flags['model-name'] ?? '';
    if (model === '') this.problems.push('no model: give --model-name PATH, or -f fleet.yaml');
    const size = this.integer('tensor-parallel-size', 1, { min: 1, max: MAX_GPUS });
    const python = this.#flags['python-cmd'] ?? DEFAULT_PYTHON;
    if (!/^[\w@%+=:,./~-]+$/.test(python)) {
      this.problems.push(`--python-cmd: "${python}" is not a name or path without blanks`);
    }
    return {
      model,
      servedName: this.#flags['served-model-name'] ?? lastSegment(model),
      backend: this.backend(),
      tensorParallelSize: size,
      gpusPerService: size,
      replicas: 0,
      hosts: [],
      port: this.integer('port', DEFAULT_PORT, { min: 1, max: 65_535 }),
      ...{ python, workdir: '', env: {}, args: [] },
      ...this.apiKey(env),
    };
  }

  apiKey(env: Env): { apiKey?: EngineKey } {
    const variable = this.#flags['api-key-env'];
    if (variable === undefined) return {};
    if (!VARIABLE_RULE.pattern.test(variable)) {
      // What was given may be the key itself.
      this.problems.push(`--api-key-env must be ${VARIABLE_RULE.expects}, not a key`);
    }
    if (this.#flags['no-api-key'] !== undefined) {
      this.problems.push('--api-key-env and --no-api-key exclude each other: leave one out');
    }
    return { apiKey: { variable, value: env[variable] ?? '' } };
  }

  backend(): FleetModel['backend'] {
    const given = this.#flags.backend ?? 'vllm';
    const known = BACKENDS.find((one) => one === given);
    if (known !== undefined) return known;
    const near = nearest(given, BACKENDS);
    const hint = near === undefined ? `one of ${BACKENDS.join(', ')}` : `did you mean ${near}?`;
    this.problems.push(`--backend does not know "${given}": ${hint}`);
    return 'vllm';
  }

  integer(name: string, fallback: number, range: { min: number; max: number }): number {
    const given = this.#flags[name];
    if (given === undefined) return fallback;
    const value = /^\d+$/.test(given) ? Number(given) : -1;
    if (value >= range.min && value <= range.max) return value;
    const expected = `a whole number from ${range.min} to ${range.max}`;
    this.problems.push(`--${name} must be ${expected}, not "${given}"`);
    return fallback;
  }
}

/** Seconds, fractions allowed, as milliseconds; a text says what is wrong. */
export function secondsFlag(flags: Flags, name: string, fallbackMs: number): number | string {
  const given = flags[name];
  if (given === undefined) return fallbackMs;
  if (/^\d+(\.\d+)?$/.test(given) && Number(given) <= 1_000_000) return Number(given) * 1000;
  return `--${name} must be a number of seconds up to 1000000, not "${given}"`;
}
