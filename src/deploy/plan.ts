/**
 * Nodes × GPUs × GPUs per engine → services, each with its node, GPUs, port and command. Pure: what
 * the nodes look like is an argument.
 *
 * Invariant: a GPU or a port that somebody uses is avoided, never freed. A service that runs as it
 * is wanted keeps its GPUs and port, so a second plan of the same fleet changes nothing. GPU ids of
 * one service are consecutive, blocks at multiples of its size first; ports rise over all nodes.
 */
import { createHash } from 'node:crypto';
import { type EngineCommand, engineCommand, keyOf } from './engine-command.ts';
import type { Fleet, FleetModel, FleetNode } from './fleet.ts';

/** A service that a node's state files tell of. */
export interface FoundService {
  readonly service: ServiceRecord;
  /** Orphaned: the process that leads it is dead, and others of it are not. */
  readonly life: 'alive' | 'dead' | 'orphaned';
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
}

/** What the state file on the node holds of a service: enough to start it again. */
export interface ServiceRecord {
  readonly id: string;
  readonly servedName: string;
  readonly model: string;
  readonly backend: FleetModel['backend'];
  readonly gpus: readonly number[];
  readonly port: number;
  /** `http://host:port/v1`. */
  readonly apiBase: string;
  /** The variable that holds its key where routers run; '' = it asks for none. */
  readonly apiKeyEnv: string;
  /** Of all that makes the command, except the port. */
  readonly digest: string;
  readonly command: EngineCommand;
}

export interface Gpu {
  readonly id: number;
  /** Why it cannot be used; '' = it is free. */
  readonly busy: string;
}

/** What one node looks like now. */
export interface NodeFacts {
  readonly address: string;
  /** Absent: nvidia-smi is not there. */
  readonly gpus?: readonly Gpu[];
  readonly ports: ReadonlySet<number>;
  readonly services: readonly FoundService[];
  /** Interpreters by what the fleet calls them; '' = there is none. */
  readonly pythons: ReadonlyMap<string, string>;
}

export interface Service extends ServiceRecord {
  readonly node: FleetNode;
  /** `start`; `keep`: it runs as wanted; `replace`: it runs, but otherwise. */
  readonly action: 'start' | 'keep' | 'replace';
}

export interface Plan {
  readonly services: readonly Service[];
  /** What the user should know: busy GPUs, what does not fit. */
  readonly notes: readonly string[];
  /** Why something wanted cannot be; any of these is a failure. */
  readonly problems: readonly string[];
}

const LAST_PORT = 65_535;

/** `facts` by host; a host without facts could not be asked and gets nothing. */
export function planFleet(fleet: Fleet, facts: ReadonlyMap<string, NodeFacts>): Plan {
  const planner = new Planner(fleet, facts);
  for (const model of fleet.models) planner.place(model);
  planner.noteStrangers();
  const { notes, problems } = planner;
  const order = fleet.nodes.map(({ host }) => host);
  const services = planner.services.toSorted(
    (a, b) => order.indexOf(a.node.host) - order.indexOf(b.node.host) || a.gpus[0]! - b.gpus[0]!,
  );
  return { services, notes, problems };
}

class Planner {
  readonly services: Service[] = [];
  readonly notes: string[] = [];
  readonly problems: string[] = [];
  readonly #fleet: Fleet;
  readonly #facts: ReadonlyMap<string, NodeFacts>;
  /** GPUs that this plan has given away, by host. */
  readonly #taken = new Map<string, Set<number>>();
  readonly #ports = new Set<number>();
  /** The next port by first port: models with the same one share the row. */
  readonly #nextPort = new Map<number, number>();
  readonly #noted = new Set<string>();

  constructor(fleet: Fleet, facts: ReadonlyMap<string, NodeFacts>) {
    this.#fleet = fleet;
    this.#facts = facts;
    for (const { host } of fleet.nodes) this.#taken.set(host, new Set());
    // Whatever runs already keeps its place, also before models that come earlier in the fleet.
    for (const [host, { services }] of facts) {
      for (const { service, life } of services) {
        if (life === 'dead') continue;
        for (const gpu of service.gpus) this.#taken.get(host)?.add(gpu);
        this.#ports.add(service.port);
      }
    }
  }

  place(model: FleetModel): void {
    const nodes = this.#fleet.nodes.filter(
      ({ host }) => model.hosts.length === 0 || model.hosts.includes(host),
    );
    if (this.#opens(nodes, model)) return;
    const found = nodes.flatMap((node) => this.#running(node, model));
    const wanted = model.replicas === 0 ? Number.POSITIVE_INFINITY : model.replicas;
    for (const { node, service } of found.slice(0, wanted)) this.#adopt(node, model, service);
    let count = Math.min(found.length, wanted);
    for (const node of nodes) {
      const facts = this.#facts.get(node.host);
      if (facts === undefined) continue;
      const room = this.#room(node, facts, model);
      for (const gpus of room.slice(0, wanted - count)) {
        if (!this.#start(node, facts, model, gpus)) break;
        count++;
      }
    }
    if (found.length > wanted) {
      const extra = `${found.length} engines of ${model.servedName} run and ${wanted} are wanted`;
      this.notes.push(`${extra}: nothing is stopped; deploy stop does that`);
    }
    const couldAsk = nodes.some(({ host }) => this.#facts.has(host));
    if (couldAsk && (count === 0 || (model.replicas > 0 && count < model.replicas))) {
      const asked = model.replicas === 0 ? 'no engine' : `${count} of ${model.replicas} engines`;
      const each = model.gpusPerService === 1 ? '1 free GPU' : `${model.gpusPerService} free GPUs`;
      this.problems.push(`${asked} of ${model.servedName} can be placed: each needs ${each}`);
    }
  }

  /**
   * Would engines with a key give way to open ones? Then nothing of the model is touched: a flag
   * was forgotten more often than a key is no longer wanted. Dead ones count, too: a node was
   * restarted.
   */
  #opens(nodes: readonly FleetNode[], model: FleetModel): boolean {
    if (model.apiKey !== undefined || this.#fleet.dropsKeys === true) return false;
    const guarded = nodes
      .filter((node) => keyOf(forNode(model, node)) === '')
      .flatMap(({ host }) => this.#facts.get(host)?.services ?? [])
      .map(({ service }) => service)
      .filter(
        (service) => service.servedName === model.servedName && keyOf(service.command) !== '',
      );
    if (guarded.length === 0) return false;
    const variable = guarded.find(({ apiKeyEnv }) => apiKeyEnv !== '')?.apiKeyEnv ?? 'NAME';
    const were = guarded.length === 1 ? '1 engine was' : `${guarded.length} engines were`;
    this.problems.push(
      `${model.servedName}: ${were} started with a key and none is given now, so nothing ` +
        `of it is touched; give --api-key-env ${variable} (api_key_env in a fleet file), or ` +
        '--no-api-key if they shall serve whoever asks',
    );
    return true;
  }

  #running(node: FleetNode, { servedName, backend }: FleetModel) {
    const services = this.#facts.get(node.host)?.services ?? [];
    return services
      .filter(({ life, service }) => life === 'alive' && service.servedName === servedName)
      .filter(({ service }) => service.backend === backend)
      .map(({ service }) => ({ node, service }));
  }

  /** What runs on the GPUs it should run on: as it should, or to be replaced. */
  #adopt(node: FleetNode, model: FleetModel, found: ServiceRecord): void {
    const facts = this.#facts.get(node.host)!;
    const { gpus, port, id } = found;
    if (gpus.length !== model.gpusPerService) {
      const wanted = `${model.gpusPerService} are wanted now: stop it first`;
      this.problems.push(`${node.host}: ${id} runs with ${gpus.length} GPUs and ${wanted}`);
      return;
    }
    const made = this.#make({ node, facts, model, gpus, port, id });
    if (made === undefined) return;
    const isSame = made.digest === found.digest;
    if (!isSame) {
      const isOpened = keyOf(found.command) !== '' && keyOf(made.command) === '';
      const why = isOpened ? 'by one that asks for no key' : 'by one with other arguments';
      this.notes.push(`${node.host}: ${id} is replaced ${why}`);
    }
    this.services.push({
      // Where the key is found may change without the key.
      ...(isSame ? { ...found, apiKeyEnv: made.apiKeyEnv, node } : made),
      action: isSame ? 'keep' : 'replace',
    });
  }

  /** Blocks of free GPUs for one service each. */
  #room(node: FleetNode, facts: NodeFacts, model: FleetModel): number[][] {
    const taken = this.#taken.get(node.host)!;
    const listed = facts.gpus;
    const ids = node.gpus ?? listed?.map(({ id }) => id);
    if (ids === undefined) {
      this.#problemOnce(
        `${node.host}: nvidia-smi is not there to count GPUs; say how many (--gpus-per-node)`,
      );
      return [];
    }
    const free = ids.filter((id) => {
      if (taken.has(id)) return false;
      const gpu = listed?.find((one) => one.id === id);
      if (listed !== undefined && gpu === undefined) {
        this.#noteOnce(`${node.host}: there is no GPU ${id}`);
        return false;
      }
      if (gpu !== undefined && gpu.busy !== '') {
        this.#noteOnce(`${node.host}: GPU ${id} is left alone, ${gpu.busy}`);
        return false;
      }
      return true;
    });
    return blocks(free, model.gpusPerService);
  }

  #start(node: FleetNode, facts: NodeFacts, model: FleetModel, gpus: readonly number[]): boolean {
    const port = this.#port(node.port || model.port, facts);
    if (port === 0) {
      this.#problemOnce(`${node.host}: no port is free from ${node.port || model.port} on`);
      return false;
    }
    const id = serviceId(model.servedName, gpus);
    const made = this.#make({ node, facts, model, gpus, port, id });
    if (made === undefined) return false;
    for (const gpu of gpus) this.#taken.get(node.host)!.add(gpu);
    this.services.push({ ...made, action: 'start' });
    return true;
  }

  #make(place: Placement): (ServiceRecord & { node: FleetNode }) | undefined {
    const { node, facts, gpus, port, id } = place;
    const model = forNode(place.model, node);
    const python =
      model.container === undefined ? (facts.pythons.get(model.python) ?? '') : 'python3';
    if (python === '') {
      this.#problemOnce(`${node.host}: there is no Python "${model.python}" there`);
      return undefined;
    }
    const command = engineCommand(model, { gpus, port, python, id });
    const host = facts.address.includes(':') ? `[${facts.address}]` : facts.address;
    return {
      ...{ id, node, gpus, port, command, model: model.model, backend: model.backend },
      ...{ servedName: model.servedName, apiKeyEnv: model.apiKey?.variable ?? '' },
      apiBase: `http://${host}:${port}/v1`,
      digest: digestOf(engineCommand(model, { gpus, port: 0, python, id })),
    };
  }

  #port(first: number, facts: NodeFacts): number {
    let port = this.#nextPort.get(first) ?? first;
    while (port <= LAST_PORT && (facts.ports.has(port) || this.#ports.has(port))) port++;
    if (port > LAST_PORT) return 0;
    this.#nextPort.set(first, port + 1);
    this.#ports.add(port);
    return port;
  }

  /** Engines that run and that no model of the fleet accounts for. */
  noteStrangers(): void {
    const names = new Set(this.#fleet.models.map(({ servedName }) => servedName));
    for (const [host, { services }] of this.#facts) {
      const others = services.filter(
        ({ service, life }) => life !== 'dead' && !names.has(service.servedName),
      );
      for (const { service } of others) {
        this.notes.push(
          `${host}: ${service.id} runs too and is not part of this; it is left alone`,
        );
      }
    }
  }

  #noteOnce(text: string): void {
    if (!this.#noted.has(text)) this.notes.push(text);
    this.#noted.add(text);
  }

  #problemOnce(text: string): void {
    if (!this.#noted.has(text)) this.problems.push(text);
    this.#noted.add(text);
  }
}

interface Placement {
  readonly node: FleetNode;
  readonly facts: NodeFacts;
  readonly model: FleetModel;
  readonly gpus: readonly number[];
  readonly port: number;
  readonly id: string;
}

/** The model with what the node says otherwise. */
export function forNode(model: FleetModel, node: FleetNode): FleetModel {
  return {
    ...model,
    python: node.python || model.python,
    workdir: node.workdir || model.workdir,
    env: { ...model.env, ...node.env },
    args: [...model.args, ...node.args],
  };
}

/** Consecutive ids: blocks that start at a multiple of `size` first, then what is left. */
function blocks(free: readonly number[], size: number): number[][] {
  const left = new Set(free);
  const found: number[][] = [];
  const take = (start: number): void => {
    const block = Array.from({ length: size }, (_, offset) => start + offset);
    if (!block.every((id) => left.has(id))) return;
    for (const id of block) left.delete(id);
    found.push(block);
  };
  for (const id of free) if (id % size === 0) take(id);
  for (const id of free) take(id);
  return found.sort((a, b) => a[0]! - b[0]!);
}

/** Consecutive ids: `0-3`, or `5`. */
export function gpuRange(gpus: readonly number[]): string {
  const [first, last] = [gpus[0]!, gpus.at(-1)!];
  return first === last ? `${first}` : `${first}-${last}`;
}

/** Also a folder and a container name: letters, digits, dots and dashes. */
function serviceId(servedName: string, gpus: readonly number[]): string {
  const slug = servedName.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^[-.]+/, '') || 'engine';
  return `${slug}-g${gpuRange(gpus)}`;
}

function digestOf(command: EngineCommand): string {
  return createHash('sha256').update(JSON.stringify(command)).digest('hex').slice(0, 16);
}
