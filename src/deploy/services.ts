/**
 * What runs on the nodes, as the later commands (status, logs, stop, restart) choose from it, and
 * stopping it: drained first where a router is given, taken out of the endpoint file, then ended.
 */
import type { RouterAdmin } from './drain.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import { stopScript } from './node-script.ts';
import type { FoundService } from './plan.ts';
import type { EndpointFile } from './results.ts';
import type { Ssh } from './ssh.ts';
import type { Survey } from './survey.ts';

/** A service on its node. */
export interface Placed extends FoundService {
  readonly node: FleetNode;
}

/** Absent = any. */
export interface Choice {
  readonly ids?: ReadonlySet<string>;
  readonly servedNames?: ReadonlySet<string>;
  readonly backend?: string;
}

/** In the order of the nodes. */
export function chosen(fleet: Fleet, { facts }: Survey, choice: Choice): Placed[] {
  return fleet.nodes.flatMap((node) =>
    (facts.get(node.host)?.services ?? [])
      .filter(({ service }) => choice.ids?.has(service.id) ?? true)
      .filter(({ service }) => choice.servedNames?.has(service.servedName) ?? true)
      .filter(({ service }) => choice.backend === undefined || service.backend === choice.backend)
      .map((found) => ({ ...found, node })),
  );
}

export interface Stopped {
  readonly host: string;
  readonly id: string;
  /**
   * `term`: it ended when asked; `kill`: it had to be ended; `gone`: it had ended before; `stuck`:
   * it is still there.
   */
  readonly how: 'term' | 'kill' | 'gone' | 'stuck' | 'fault';
  /** With `fault`: why nobody knows. */
  readonly fault: string;
}

export interface StopParts {
  readonly ssh: Pick<Ssh, 'run'>;
  readonly stateDir: string;
  readonly graceMs: number;
  /** Whether the nodes forget the services; a restart needs them. */
  readonly forget: boolean;
}

const ANSWER_MS = 60_000;

/** Ends services, nodes side by side. Processes that are not theirs get no signal. */
export async function stopServices(
  services: readonly Placed[],
  parts: StopParts,
): Promise<Stopped[]> {
  const byNode = Map.groupBy(services, ({ node }) => node);
  const stops = [...byNode].map(([node, own]) => stopOn(node, own, parts));
  return (await Promise.all(stops)).flat();
}

async function stopOn(
  node: FleetNode,
  services: readonly Placed[],
  { ssh, stateDir, graceMs, forget }: StopParts,
): Promise<Stopped[]> {
  const ids = services.map(({ service }) => service.id);
  const script = stopScript(stateDir, { ids, graceMs, forget });
  const { stdout, fault } = await ssh.run(node, script, graceMs + ANSWER_MS);
  const said = new Map(
    [...stdout.toString('utf8').matchAll(/^@stopped (\S+) (term|kill|gone|stuck)$/gm)].map(
      ([, id, how]) => [id!, how as Stopped['how']] as const,
    ),
  );
  return ids.map((id) => {
    const how = said.get(id);
    const missing = fault === '' ? 'the node did not say what became of it' : fault;
    if (how === undefined) return { host: node.host, id, how: 'fault', fault: missing };
    return { host: node.host, id, how, fault: '' };
  });
}

/** How long a router may take to notice its file and to adopt it. */
const RELOAD_MS = 2000;

/** Before a stop: nothing new for these services. Resolves with what did not work, for the user. */
export async function takeOutOfService(
  services: readonly Placed[],
  parts: {
    readonly endpoints: EndpointFile;
    readonly router: RouterAdmin | undefined;
    readonly drainMs: number;
    readonly sleep: (ms: number) => Promise<void>;
  },
): Promise<string[]> {
  if (services.length === 0) return [];
  const apiBases = new Set(services.map(({ service }) => service.apiBase));
  const { endpoints, router, drainMs, sleep } = parts;
  const drained = router === undefined ? '' : await router.drain(apiBases, drainMs);
  const { fault, isChanged } = await endpoints.remove(apiBases);
  // Without a router to ask, the time it needs to stop using them.
  if (router === undefined && isChanged) await sleep(RELOAD_MS);
  return [drained, fault].filter((text) => text !== '');
}
