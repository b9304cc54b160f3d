/**
 * What this machine allows: open files and ports. Found out before the first connection, because
 * running out in the middle looks like a failing server.
 */
import { readFileSync } from 'node:fs';
import type { BenchSettings } from './settings.ts';

/** Libraries, pipes, output files. */
const OTHER_FILES = 100;
const LIMITS = '/proc/self/limits';
const PORTS = '/proc/sys/net/ipv4/ip_local_port_range';

export interface MachineLimits {
  /** Files that one process may open; Node raises its own limit up to this one. */
  readonly files: number;
  /** Ports for outgoing connections, of each local address. */
  readonly ports: number;
}

/** Infinity where the system does not say. */
export function machineLimits(): MachineLimits {
  return { files: parseFiles(read(LIMITS)), ports: parsePorts(read(PORTS)) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function parseFiles(text: string): number {
  const hard = /^Max open files +\d+ +(\d+|unlimited)/m.exec(text)?.[1] ?? 'unlimited';
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

function parsePorts(text: string): number {
  const [, low, high] = /^(\d+)\s+(\d+)/.exec(text) ?? [];
  return low === undefined ? Number.POSITIVE_INFINITY : Number(high) - Number(low) + 1;
}

/** Sentences about what cannot work here, each with its remedy. */
export function limitProblems(
  settings: Pick<BenchSettings, 'loads' | 'target'>,
  limits: MachineLimits,
): string[] {
  const stages = settings.loads.flatMap(({ load }) => load.stages);
  const wanted = Math.max(...stages.map(({ concurrency }) => concurrency));
  const problems: string[] = [];
  const files = limits.files - OTHER_FILES;
  if (wanted > files) {
    problems.push(
      `${wanted} connections need more open files than the ${limits.files} this process may ` +
        `have: run "ulimit -Hn ${wanted + OTHER_FILES}" as root first, ` +
        `or set LimitNOFILE= of the service.`,
    );
  }
  const addresses = Math.max(1, settings.target.sourceIps.length);
  if (wanted > limits.ports * addresses) {
    const needed = Math.ceil(wanted / limits.ports);
    problems.push(
      `${wanted} connections need ${needed} local addresses of ${limits.ports} ports each: ` +
        `give them with -source-ip, or widen net.ipv4.ip_local_port_range.`,
    );
  }
  return problems;
}
