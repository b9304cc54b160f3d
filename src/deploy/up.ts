/**
 * `deploy up`: look at the nodes, plan, start what is missing, watch it, and tell routers of each
 * engine the moment it serves.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RouterAdmin } from './drain.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import { BACKENDS } from './fleet.ts';
import { NodeLocks } from './node-locks.ts';
import { type Plan, planFleet, type Service, type ServiceRecord } from './plan.ts';
import { type EndpointFile, writeRouterConfig } from './results.ts';
import { type RolloutOptions, rollOut } from './rollout.ts';
import type { ServiceRun } from './service-run.ts';
import { chosen, stopServices } from './services.ts';
import type { Ssh } from './ssh.ts';
import { type Survey, surveyNodes } from './survey.ts';
import { counted } from './table.ts';

export interface UpParts {
  readonly ssh: Ssh;
  readonly stateDir: string;
  readonly endpoints: EndpointFile;
  readonly logDir: string;
  readonly router: RouterAdmin | undefined;
  readonly drainMs: number;
  /** Called before anything is started. */
  readonly onPlan: (plan: Plan, survey: Survey) => void;
  readonly rollout: Omit<RolloutOptions, 'ssh' | 'stateDir' | 'onReady' | 'beforeReplace'>;
}

export interface UpResult {
  readonly plan: Plan;
  readonly survey: Survey;
  readonly runs: readonly ServiceRun[];
  /** What could not be written or drained, a sentence each. */
  readonly faults: readonly string[];
  /** Files of the results. */
  readonly files: readonly string[];
}

const LEFTOVER_GRACE_MS = 10_000;

/** Looks and plans only; of a fleet's nodes those that are given. */
export async function planUp(
  fleet: Fleet,
  parts: Pick<UpParts, 'ssh' | 'stateDir'>,
  nodes: readonly FleetNode[] = fleet.nodes,
): Promise<{ plan: Plan; survey: Survey }> {
  const survey = await surveyNodes({ ...fleet, nodes }, parts.ssh, parts.stateDir);
  return { plan: planFleet(fleet, survey.facts), survey };
}

export async function deployUp(fleet: Fleet, parts: UpParts): Promise<UpResult> {
  return withLocks(fleet.nodes, parts, async (locks) => {
    const nodes = fleet.nodes.filter((node) => locks.has(node));
    let found = await planUp(fleet, parts, nodes);
    if (await endLeftovers(fleet, found.survey, parts)) found = await planUp(fleet, parts, nodes);
    return carryOut(found.plan, withRefused(found.survey, locks), parts);
  });
}

/** Stops services and starts them again as they were. */
export function deployAgain(
  services: readonly Service[],
  survey: Survey,
  parts: UpParts,
): Promise<UpResult> {
  const nodes = [...new Set(services.map(({ node }) => node))];
  return withLocks(nodes, parts, (locks) => {
    const own = services.filter(({ node }) => locks.has(node));
    const plan = { services: own, notes: [], problems: [] };
    return carryOut(plan, withRefused(survey, locks), parts);
  });
}

async function withLocks(
  nodes: readonly FleetNode[],
  parts: UpParts,
  work: (locks: NodeLocks) => Promise<UpResult>,
): Promise<UpResult> {
  const locks = await NodeLocks.take(nodes, parts);
  let troubles: string[] = [];
  let result: UpResult;
  try {
    result = await work(locks);
  } finally {
    troubles = await locks.release();
  }
  return { ...result, faults: [...result.faults, ...troubles] };
}

function withRefused(survey: Survey, { refused }: NodeLocks): Survey {
  return { ...survey, unreachable: [...refused, ...survey.unreachable] };
}

/**
 * New services all at once; those that are replaced one node after another, so that the others go
 * on serving, and not beyond a failure: what broke one would break all.
 */
async function carryOut(plan: Plan, survey: Survey, parts: UpParts): Promise<UpResult> {
  parts.onPlan(plan, survey);
  const results = new Results(parts, plan.services);
  const runs: ServiceRun[] = [];
  const roll = async (services: readonly Service[]): Promise<void> => {
    const done = await rollOut(services, survey.facts, {
      ...parts.rollout,
      ...{ ssh: parts.ssh, stateDir: parts.stateDir },
      onReady: (service) => results.add(service),
      beforeReplace: (list) => results.drain(list),
    });
    runs.push(...done);
  };
  const isReplaced = ({ action }: Service) => action === 'replace';
  await roll(plan.services.filter((service) => !isReplaced(service)));
  const byNode = Map.groupBy(plan.services.filter(isReplaced), ({ node }) => node);
  for (const own of byNode.values()) {
    if (parts.rollout.signal.aborted || runs.some(({ phase }) => phase === 'failed')) break;
    await roll(own);
  }
  await results.keepLogs(runs);
  const left = plan.services.length - runs.length;
  const untouched = `${counted(left, 'service')} not replaced, running as before`;
  const faults = left === 0 ? results.faults : [...results.faults, untouched];
  return { plan, survey, runs, faults, files: [...results.files] };
}

/** Processes of our engines whose leader crashed hold GPUs and serve nobody. */
async function endLeftovers(fleet: Fleet, survey: Survey, parts: UpParts): Promise<boolean> {
  const orphans = chosen(fleet, survey, {}).filter(({ life }) => life === 'orphaned');
  if (orphans.length === 0) return false;
  const { ssh, stateDir } = parts;
  await stopServices(orphans, { ssh, stateDir, graceMs: LEFTOVER_GRACE_MS, forget: false });
  return true;
}

class Results {
  readonly faults: string[] = [];
  readonly files = new Set<string>();
  readonly #parts: UpParts;
  readonly #ready: ServiceRecord[] = [];
  readonly #replaced = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: UpParts, services: readonly Service[]) {
    this.#parts = parts;
    for (const { action, apiBase } of services) {
      if (action === 'replace') this.#replaced.add(apiBase);
    }
  }

  /** One after another: the list that is written last must be the longest. */
  add(service: ServiceRecord): Promise<void> {
    this.#last = this.#last.then(() => this.#add(service));
    return this.#last;
  }

  async #add(service: ServiceRecord): Promise<void> {
    const { endpoints, logDir, router } = this.#parts;
    this.#ready.push(service);
    this.#note((await endpoints.put(service)).fault);
    for (const backend of BACKENDS) {
      const own = this.#ready.filter((one) => one.backend === backend);
      if (own.length === 0) continue;
      const order = own.toSorted((a, b) => a.port - b.port);
      try {
        this.files.add(await writeRouterConfig(logDir, backend, order));
      } catch (error) {
        this.#note(`${logDir}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (router !== undefined && this.#replaced.has(service.apiBase)) {
      this.#note(await router.enable(new Set([service.apiBase])));
    }
  }

  async drain(services: readonly Service[]): Promise<void> {
    const { router, drainMs } = this.#parts;
    const apiBases = new Set(services.map(({ apiBase }) => apiBase));
    if (router !== undefined) this.#note(await router.drain(apiBases, drainMs));
  }

  /** The end of each failed engine's log, here, where the user is. */
  async keepLogs(runs: readonly ServiceRun[]): Promise<void> {
    const failed = runs.filter(({ phase, tail }) => phase === 'failed' && tail !== '');
    for (const { service, tail } of failed) {
      const name = `${service.node.host.replace(/[^\w.-]/g, '_')}-${service.id}.log`;
      const file = join(this.#parts.logDir, name);
      try {
        await mkdir(this.#parts.logDir, { recursive: true });
        await writeFile(file, tail);
        this.files.add(file);
      } catch (error) {
        this.#note(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  #note(fault: string): void {
    if (fault !== '' && !this.faults.includes(fault)) this.faults.push(fault);
  }
}
