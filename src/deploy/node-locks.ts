/**
 * One deployment at a time works on a node: two that plan at once would both give away the same
 * free GPUs. A lock is a folder on the node, `<state dir>/<host name>/lock`, with who holds it.
 *
 * Invariant: a lock is held by whoever touches it. One that has not been touched for two minutes
 * is nobody's, so a deployment that was killed, or lost its network, keeps nobody out for long.
 */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { printable } from '../config/problem.ts';
import type { FleetNode } from './fleet.ts';
import { lockScript, touchLockScript, unlockScript } from './node-script.ts';
import type { Ssh } from './ssh.ts';
import type { Unreachable } from './survey.ts';
import { duration } from './table.ts';

const ANSWER_MS = 30_000;
/** Several fit into the time after which a lock is nobody's. */
const TOUCH_EVERY_MS = 20_000;

export interface LockParts {
  readonly ssh: Pick<Ssh, 'run'>;
  readonly stateDir: string;
}

export class NodeLocks {
  /** Nodes that cannot be worked on, and why. */
  readonly refused: readonly Unreachable[];
  readonly #held: FleetNode[];
  readonly #id: string;
  readonly #parts: LockParts;
  readonly #timer: NodeJS.Timeout;
  #touched: Promise<unknown> = Promise.resolve();
  #lost: string[] = [];

  private constructor(id: string, held: FleetNode[], refused: Unreachable[], parts: LockParts) {
    this.refused = refused;
    this.#held = held;
    this.#id = id;
    this.#parts = parts;
    this.#timer = setInterval(() => {
      this.#touched = this.touch();
    }, TOUCH_EVERY_MS);
  }

  /** Takes the locks of all nodes that can be had, side by side. */
  static async take(nodes: readonly FleetNode[], parts: LockParts): Promise<NodeLocks> {
    const id = randomUUID();
    const who = `${userInfo().username}@${hostname()}`.replace(/[^\w.@-]/g, '_');
    const script = lockScript(parts.stateDir, { id, who });
    const answers = nodes.map(async (node) => {
      const { stdout, fault } = await parts.ssh.run(node, script, ANSWER_MS);
      return { node, fault: fault || refusalIn(stdout.toString('utf8')) };
    });
    const settled = await Promise.all(answers);
    const held = settled.filter(({ fault }) => fault === '').map(({ node }) => node);
    const refused = settled.filter(({ fault }) => fault !== '');
    return new NodeLocks(
      id,
      held,
      refused.map(({ node, fault }) => ({ host: node.host, fault })),
      parts,
    );
  }

  has(node: FleetNode): boolean {
    return this.#held.includes(node);
  }

  /** Says that this deployment is still there. */
  async touch(): Promise<void> {
    const script = touchLockScript(this.#parts.stateDir, this.#id);
    const touches = this.#held.map(async (node) => {
      const { stdout } = await this.#parts.ssh.run(node, script, ANSWER_MS);
      if (stdout.toString('utf8').includes('@lost')) this.#lost.push(node.host);
    });
    await Promise.all(touches);
  }

  /** Gives them back; resolves with what went wrong meanwhile, for the user. */
  async release(): Promise<string[]> {
    clearInterval(this.#timer);
    await this.#touched;
    const script = unlockScript(this.#parts.stateDir, this.#id);
    await Promise.all(this.#held.map((node) => this.#parts.ssh.run(node, script, ANSWER_MS)));
    const hosts = [...new Set(this.#lost)].join(', ');
    if (hosts === '') return [];
    return [`${hosts}: nothing was heard of this deployment for so long that another one began`];
  }
}

/** '' = the lock is ours. */
function refusalIn(answer: string): string {
  if (/^@locked$/m.test(answer)) return '';
  const [, why] = /^@refused (.*)$/m.exec(answer) ?? [];
  if (why !== undefined) return printable(why, 200);
  const [, seconds, who = ''] = /^@held (\d+) (\S*)$/m.exec(answer) ?? [];
  if (seconds === undefined) return 'the node did not say whether somebody else works on it';
  const since = duration(Number(seconds) * 1000);
  const whose = `another deployment works on it (${who}, for ${since})`;
  return `${whose}: wait for it or end it; one that was killed is forgotten after 3 minutes`;
}
