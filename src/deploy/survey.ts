/** Asking all nodes at once what they look like. A node that does not answer stops no other. */
import type { Fleet, FleetNode } from './fleet.ts';
import { parseFacts } from './node-answers.ts';
import { factsScript } from './node-script.ts';
import { forNode, type NodeFacts } from './plan.ts';
import type { Ssh } from './ssh.ts';

export interface Survey {
  /** By host; without those that did not answer. */
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly unreachable: readonly Unreachable[];
}

export interface Unreachable {
  readonly host: string;
  /** One sentence. */
  readonly fault: string;
}

/** nvidia-smi takes seconds on a node of eight, and much longer when a GPU is ill. */
const FACTS_MS = 60_000;

export async function surveyNodes(fleet: Fleet, ssh: Ssh, stateDir: string): Promise<Survey> {
  const facts = new Map<string, NodeFacts>();
  const unreachable: Unreachable[] = [];
  const asked = fleet.nodes.map(async (node) => {
    const found = await surveyNode(node, pythonsOf(fleet, node), { ssh, stateDir });
    if (typeof found === 'string') unreachable.push({ host: node.host, fault: found });
    else facts.set(node.host, found);
  });
  await Promise.all(asked);
  const order = fleet.nodes.map(({ host }) => host);
  unreachable.sort((a, b) => order.indexOf(a.host) - order.indexOf(b.host));
  return { facts, unreachable };
}

async function surveyNode(
  node: FleetNode,
  pythons: readonly string[],
  { ssh, stateDir }: { readonly ssh: Ssh; readonly stateDir: string },
): Promise<NodeFacts | string> {
  const { stdout, fault } = await ssh.run(node, factsScript(stateDir, pythons), FACTS_MS);
  if (fault !== '') return fault;
  const address = node.address || (await ssh.settings(node)).address;
  return parseFacts(stdout.toString('utf8'), address) ?? 'the node answered something else';
}

/** What the models that may run there call their interpreters. */
function pythonsOf(fleet: Fleet, node: FleetNode): string[] {
  const models = fleet.models.filter(({ container }) => container === undefined);
  return [...new Set(models.map((model) => forNode(model, node).python))];
}
