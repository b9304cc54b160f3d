/**
 * What all commands of `deploy` share: the fleet from flags or its file, ssh, and an end in order
 * when a signal comes.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatProblem } from '../config/problem.ts';
import { backupStamp } from '../config/write-file.ts';
import { RouterAdmin } from '../deploy/drain.ts';
import { fleetOfFlags, hostsOfFlags, secondsFlag } from '../deploy/flag-fleet.ts';
import { type Fleet, keyProblems } from '../deploy/fleet.ts';
import { parseFleet } from '../deploy/fleet-file.ts';
import { EndpointFile } from '../deploy/results.ts';
import type { Choice } from '../deploy/services.ts';
import { Ssh } from '../deploy/ssh.ts';
import { askedToEnd } from './asked-to-end.ts';
import type { DeployVerb } from './deploy-flags.ts';
import { EXIT_CONFIG, EXIT_USAGE } from './exit-codes.ts';

export type DeployFlags = Readonly<Record<string, string>>;

/** Everything a command needs; what is wrong with the words is known before. */
export interface Session {
  readonly verb: DeployVerb;
  readonly flags: DeployFlags;
  readonly fleet: Fleet;
  readonly ssh: Ssh;
  readonly stateDir: string;
  readonly seconds: DeploySeconds;
  readonly endpointsFile: string;
  readonly endpoints: EndpointFile;
  readonly router: RouterAdmin | undefined;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly sleep: (ms: number) => Promise<void>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
}

/** Durations of the flags, in milliseconds. */
interface DeploySeconds {
  readonly staggerMs: number;
  readonly timeoutMs: number;
  readonly drainMs: number;
  readonly graceMs: number;
}

export interface Refusal {
  readonly code: number;
  readonly problems: readonly string[];
}

const DEFAULT_PARALLEL = 32;
const ENDPOINTS_FILE = 'configs/self_deployed_config.yaml';
/** Say what a fleet file says too. */
const FLEET_FLAGS = [
  ...['hosts', 'model-name', 'tensor-parallel-size', 'gpus-per-node', 'port', 'python-cmd'],
  'api-key-env',
  ...['ssh-user', 'ssh-port', 'ssh-key'],
];

export async function openSession(
  verb: DeployVerb,
  flags: DeployFlags,
): Promise<Session | Refusal> {
  const seconds = {
    staggerMs: secondsFlag(flags, 'stagger', 3000),
    timeoutMs: secondsFlag(flags, 'health-check-timeout', 3_600_000),
    drainMs: secondsFlag(flags, 'drain-timeout', 600_000),
    graceMs: secondsFlag(flags, 'grace', 30_000),
  };
  const problems = Object.values(seconds).filter((value) => typeof value === 'string');
  const parallel = flags.parallel ?? String(DEFAULT_PARALLEL);
  if (!/^[1-9]\d{0,3}$/.test(parallel)) problems.push('--parallel must be a number from 1 to 9999');
  const routerUrl = flags.router ?? '';
  if (routerUrl !== '' && !/^https?:\/\//.test(routerUrl)) {
    problems.push(`--router must be an http:// or https:// address, not "${routerUrl}"`);
  }
  const found = await readFleet(verb, flags);
  if ('code' in found) return { ...found, problems: [...found.problems, ...problems] };
  if (verb === 'up') problems.push(...keyProblems(found.fleet));
  if (problems.length > 0) return { code: EXIT_USAGE, problems };
  const fleet = { ...found.fleet, dropsKeys: flags['no-api-key'] !== undefined };
  return makeSession(verb, flags, { fleet, seconds: seconds as DeploySeconds, parallel });
}

function makeSession(
  verb: DeployVerb,
  flags: DeployFlags,
  found: { fleet: Fleet; seconds: DeploySeconds; parallel: string },
): Session {
  const ending = new AbortController();
  void askedToEnd().once.then(() => ending.abort());
  const { signal } = ending;
  const endpointsFile = flags.endpoints ?? ENDPOINTS_FILE;
  const parts = {
    signal,
    nowMs: () => performance.now(),
    sleep: (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined),
    fetch: (url: string, init: RequestInit) => {
      const limits = init.signal ? [init.signal, signal] : [signal];
      return fetch(url, { ...init, signal: AbortSignal.any(limits) });
    },
  };
  const access = { url: flags.router ?? '', token: process.env.LLM_ROUTER_TOKEN ?? '', ...parts };
  return {
    ...{ verb, flags, fleet: found.fleet, seconds: found.seconds, endpointsFile },
    ssh: new Ssh(Number(found.parallel)),
    stateDir: flags['state-dir'] ?? '',
    endpoints: new EndpointFile(endpointsFile, process.env, backupStamp(new Date())),
    router: access.url === '' ? undefined : new RouterAdmin(access),
    ...parts,
  };
}

async function readFleet(
  verb: DeployVerb,
  flags: DeployFlags,
): Promise<{ fleet: Fleet } | Refusal> {
  const file = flags.file ?? (verb === 'logs' ? undefined : flags.f);
  const nodeList = process.env.NODE_IP_LIST ?? '';
  if (file === undefined) {
    const read =
      verb === 'up' ? fleetOfFlags(flags, nodeList, process.env) : hostsOfFlags(flags, nodeList);
    if (read.fleet !== undefined) return { fleet: read.fleet };
    return { code: EXIT_USAGE, problems: read.problems };
  }
  const own = verb === 'up' ? [...FLEET_FLAGS, 'served-model-name', 'backend'] : FLEET_FLAGS;
  const twice = own.filter((name) => flags[name] !== undefined);
  if (twice.length > 0) {
    const listed = twice.map((name) => `--${name}`).join(', ');
    return { code: EXIT_USAGE, problems: [`${file} says that: leave out ${listed}`] };
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { code: EXIT_CONFIG, problems: [`${file} cannot be read: ${reason}`] };
  }
  const { value, problems } = parseFleet(text, file, process.env);
  if (value !== undefined) return { fleet: value };
  return { code: EXIT_CONFIG, problems: problems.map(formatProblem) };
}

/** Of what runs, what the flags or the fleet file mean. */
export function choiceOf({ verb, flags, fleet }: Session): Choice {
  const names = flags['served-model-name'];
  const fromFile = fleet.models.map(({ servedName }) => servedName);
  const servedNames = names !== undefined ? [names] : fromFile;
  const ids = flags.service?.split(',').map((id) => id.trim());
  return {
    ...(ids === undefined ? {} : { ids: new Set(ids) }),
    ...(servedNames.length === 0 || verb === 'up' ? {} : { servedNames: new Set(servedNames) }),
    ...(flags.backend === undefined ? {} : { backend: flags.backend }),
  };
}
