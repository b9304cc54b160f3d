/**
 * A fleet file → a fleet, or everything that is wrong with it at once. Pure: the environment that
 * references name is an argument.
 */

import type { Parsed } from '../config/problem.ts';
import type { Env } from '../config/references.ts';
import { nearest } from '../config/suggest.ts';
import { describe, isNull, textOf } from '../config/tree-values.ts';
import { FileReport, readTree, type Tree } from '../config/yaml-tree.ts';
import {
  BACKENDS,
  type Container,
  DEFAULT_PORT,
  DEFAULT_PYTHON,
  type Fleet,
  type FleetModel,
  type FleetNode,
  firstGpus,
  lastSegment,
  NO_LOGIN,
  plainNode,
  type SshLogin,
} from './fleet.ts';
import { FLEET_KEYS } from './fleet-keys.ts';
import { HOST_RULE, PYTHON_RULE, type Section, ValueReader } from './fleet-values.ts';

const MAX_GPUS = 128;
const GPU_RANGE = { min: 1, max: MAX_GPUS };
const PORT_RANGE = { min: 1, max: 65_535 };

/** Arguments of engines that follow from keys of the file. */
const OWN_KEYS: ReadonlyMap<string, string> = new Map([
  ['--port', 'port'],
  ['--model', 'model'],
  ['--model-path', 'model'],
  ['--served-model-name', 'name'],
  ['--api-key', 'api_key_env'],
  ...['--tensor-parallel-size', '-tp', '--tp', '--tp-size'].map(
    (name) => [name, 'tensor_parallel_size'] as const,
  ),
]);

export function parseFleet(text: string, file: string, env: Env): Parsed<Fleet> {
  const report = new FileReport(file);
  const tree = readTree(text, report, 'error');
  if (tree === undefined) return { problems: report.inOrder() };
  if (tree.kind !== 'map') {
    const message = 'expected the keys "nodes" and "models"';
    report.add('error', tree.at, '', { message });
    return { problems: report.inOrder() };
  }
  const reader = new FleetReader(new ValueReader(report, env));
  const fleet = reader.fleet({ map: tree, path: '' });
  if (report.hasErrors) return { problems: report.inOrder() };
  return { value: fleet, problems: report.inOrder() };
}

/** What a model may leave to `defaults`. */
type Shared = Partial<Omit<FleetModel, 'model' | 'servedName'>>;

class FleetReader {
  readonly #read: ValueReader;
  /** Where nodes and models stand. */
  readonly #places = new Map<object, { readonly tree: Tree; readonly path: string }>();

  constructor(read: ValueReader) {
    this.#read = read;
  }

  fleet(root: Section): Fleet {
    this.#read.check(root, FLEET_KEYS['']);
    const login = this.#login(root, NO_LOGIN);
    const nodes = this.#list(root, 'nodes', (tree, path) => this.#node(tree, path, login));
    this.#refuseTwice(nodes, ({ host }) => [host, `${host} is listed twice`]);
    const defaults = this.#read.section(root, 'defaults');
    if (defaults !== undefined) this.#read.check(defaults, FLEET_KEYS.defaults);
    const shared = defaults === undefined ? {} : this.#shared(defaults, nodes);
    const models = this.#list(root, 'models', (tree, path) =>
      this.#model(tree, path, { shared, nodes }),
    );
    // A service is found again by the name it serves.
    this.#refuseTwice(models, ({ servedName }) => [
      servedName,
      `another model is called ${servedName} too: give one of them another "name"`,
    ]);
    return { nodes, models };
  }

  /** Items of a list that must not be empty. */
  #list<T extends object>(
    root: Section,
    key: string,
    one: (tree: Tree, path: string) => T | undefined,
  ): T[] {
    const items = this.#read.items(root, key);
    if (items === undefined || items.length === 0) {
      const at = root.map.entries.get(key)?.value ?? root.map;
      if (at === root.map || isNull(at) || at.kind === 'list') {
        this.#read.fault(at, key, 'is missing or empty');
      }
      return [];
    }
    return items.flatMap((item, index) => {
      const path = `${key}[${index}]`;
      const made = one(item, path);
      if (made === undefined) return [];
      this.#places.set(made, { tree: item, path });
      return [made];
    });
  }

  #node(tree: Tree, path: string, login: SshLogin): FleetNode | undefined {
    if (tree.kind === 'scalar') {
      const host = this.#read.textOf(tree, path, HOST_RULE);
      return host === undefined ? undefined : plainNode(host, login);
    }
    const section = this.#itemSection(tree, path);
    if (section === undefined) return undefined;
    this.#read.check(section, FLEET_KEYS.nodes);
    const host = this.#read.text(section, 'host', HOST_RULE);
    if (host === undefined) {
      if (!section.map.entries.has('host')) this.#read.fault(tree, `${path}.host`, 'is missing');
      return undefined;
    }
    const gpus = this.#gpus(section);
    return {
      host,
      address: this.#read.text(section, 'address', HOST_RULE) ?? '',
      ssh: this.#login(section, login),
      ...(gpus === undefined ? {} : { gpus }),
      port: this.#read.integer(section, 'port', PORT_RANGE) ?? 0,
      python: this.#read.text(section, 'python', PYTHON_RULE) ?? '',
      workdir: this.#read.text(section, 'workdir') ?? '',
      env: this.#read.environment(section, 'env') ?? {},
      args: this.#args(section) ?? [],
    };
  }

  #itemSection(tree: Tree, path: string): Section | undefined {
    if (tree.kind === 'map') return { map: tree, path: `${path}.` };
    this.#read.fault(tree, path, `must be a section with keys, not ${describe(tree)}`);
    return undefined;
  }

  #login(outer: Section, fallback: SshLogin): SshLogin {
    const section = this.#read.section(outer, 'ssh');
    if (section === undefined) return fallback;
    this.#read.check(section, FLEET_KEYS.ssh);
    const rule = { pattern: /^(?!-)[\w.@-]+$/, expects: 'a user name' };
    return {
      user: this.#read.text(section, 'user', rule) ?? fallback.user,
      port: this.#read.integer(section, 'port', PORT_RANGE) ?? fallback.port,
      key: this.#read.text(section, 'key') ?? fallback.key,
    };
  }

  /** `8`, or `[0, 1, 4, 5]`. */
  #gpus(section: Section): readonly number[] | undefined {
    const tree = section.map.entries.get('gpus')?.value;
    if (tree === undefined || isNull(tree)) return undefined;
    const path = `${section.path}gpus`;
    if (tree.kind !== 'list') {
      const count = this.#read.integerOf(tree, path, GPU_RANGE);
      return count === undefined ? undefined : firstGpus(count);
    }
    const range = { min: 0, max: MAX_GPUS };
    const ids = tree.items.flatMap(
      (item, index) => this.#read.integerOf(item, `${path}[${index}]`, range) ?? [],
    );
    return [...new Set(ids)].sort((a, b) => a - b);
  }

  #shared(section: Section, nodes: readonly FleetNode[]): Shared {
    const read = this.#read;
    const container = this.#container(section);
    const shared: { [K in keyof Shared]: Shared[K] | undefined } = {
      backend: read.word(section, 'backend', BACKENDS),
      tensorParallelSize: read.integer(section, 'tensor_parallel_size', GPU_RANGE),
      gpusPerService: read.integer(section, 'gpus_per_service', GPU_RANGE),
      replicas: read.integer(section, 'replicas', { min: 1, max: 100_000 }),
      hosts: this.#hosts(section, nodes),
      port: read.integer(section, 'port', PORT_RANGE),
      python: read.text(section, 'python', PYTHON_RULE),
      workdir: read.text(section, 'workdir'),
      env: read.environment(section, 'env'),
      args: this.#args(section),
      container,
      apiKey: read.variable(section, 'api_key_env'),
    };
    const said = Object.entries(shared).filter(([, value]) => value !== undefined);
    return Object.fromEntries(said) as Shared;
  }

  /** For the engine, without what has a key of its own here. */
  #args(section: Section): readonly string[] | undefined {
    const words = this.#read.words(section, 'args');
    for (const word of words ?? []) {
      const key = OWN_KEYS.get(word.replace(/=.*$/s, ''));
      if (key === undefined) continue;
      const at = section.map.entries.get('args')!.value;
      this.#read.fault(at, `${section.path}args`, `must not have ${word}: use the key "${key}"`);
    }
    return words;
  }

  #hosts(section: Section, nodes: readonly FleetNode[]): readonly string[] | undefined {
    const known = nodes.map(({ host }) => host);
    return this.#read.items(section, 'nodes')?.flatMap((item, index) => {
      const host = textOf(item) ?? '';
      if (known.includes(host)) return [host];
      const path = `${section.path}nodes[${index}]`;
      const message = `${describe(item)} is not a host of "nodes" above`;
      this.#read.fault(item, path, message, nearest(host, known));
      return [];
    });
  }

  #container(outer: Section): Container | undefined {
    const section = this.#read.section(outer, 'container');
    if (section === undefined) return undefined;
    this.#read.check(section, FLEET_KEYS.container);
    const rule = { pattern: /^(?!-)[\w./:@-]+$/, expects: 'the name of an image' };
    const image = this.#read.text(section, 'image', rule);
    if (image === undefined && !section.map.entries.has('image')) {
      this.#read.fault(section.map, `${section.path}image`, 'is missing');
    }
    return {
      runtime: this.#read.word(section, 'runtime', ['docker', 'podman'] as const) ?? 'docker',
      image: image ?? '',
      args: this.#read.words(section, 'args') ?? [],
    };
  }

  #model(
    tree: Tree,
    path: string,
    { shared, nodes }: { readonly shared: Shared; readonly nodes: readonly FleetNode[] },
  ): FleetModel | undefined {
    const section = this.#itemSection(tree, path);
    if (section === undefined) return undefined;
    this.#read.check(section, FLEET_KEYS.models);
    const model = this.#read.text(section, 'model');
    if (model === undefined && !section.map.entries.has('model')) {
      this.#read.fault(tree, `${path}.model`, 'is missing');
    }
    const own = { ...shared, ...this.#shared(section, nodes) };
    const size = own.tensorParallelSize ?? 1;
    const gpus = own.gpusPerService ?? size;
    if (gpus % size !== 0) {
      const message = `must be a multiple of tensor_parallel_size (${size}), not ${gpus}`;
      this.#read.fault(tree, `${path}.gpus_per_service`, message);
    }
    return {
      ...{ backend: 'vllm', replicas: 0, hosts: [], port: DEFAULT_PORT, python: DEFAULT_PYTHON },
      ...{ workdir: '', args: [], ...own },
      // Of variables the two sections add up.
      env: { ...shared.env, ...own.env },
      model: model ?? '',
      servedName: this.#read.text(section, 'name') ?? lastSegment(model ?? ''),
      tensorParallelSize: size,
      gpusPerService: gpus,
    };
  }

  #refuseTwice<T extends object>(
    all: readonly T[],
    told: (one: T) => readonly [name: string, message: string],
  ): void {
    const seen = new Set<string>();
    for (const one of all) {
      const [name, message] = told(one);
      const { tree, path } = this.#places.get(one)!;
      if (seen.has(name)) this.#read.fault(tree, path, message);
      seen.add(name);
    }
  }
}
