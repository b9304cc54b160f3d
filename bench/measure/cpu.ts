/**
 * CPU time of whole process trees, user and system apart.
 *
 * The total is the nanosecond run time of every thread (schedstat). The split comes from the tick
 * counters of `stat`, which only move every 1/CLK_TCK second, so it is applied as a share of the
 * total. When a thread ended in between its schedstat is gone and the tick total, which keeps
 * ended threads, is used instead.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import {
  type MachineTicks,
  type ProcessTicks,
  parseMachineStat,
  parseSchedstat,
  parseStat,
  treeOf,
} from './proc.ts';

export interface CpuSample {
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Run time in ns by thread id. */
  readonly threadNs: ReadonlyMap<string, number>;
  /** The first thread of the root process: the router's control plane. */
  readonly leader: string;
}

export interface CpuSpent {
  readonly userUs: number;
  readonly systemUs: number;
  readonly totalUs: number;
  /** What of the total the first thread of the root process spent. */
  readonly leaderUs: number;
}

/** Samples `rootPid` and its descendants. A root that is gone is an error: its figures are lost. */
export function sampleCpu(rootPid: number): CpuSample {
  let userTicks = 0;
  let systemTicks = 0;
  const threadNs = new Map<string, number>();
  for (const pid of processTree(rootPid)) {
    const stat = readStat(pid);
    if (stat === null) {
      if (pid === rootPid) throw new Error(`process ${pid} is gone`);
      continue;
    }
    userTicks += stat.userTicks;
    systemTicks += stat.systemTicks;
    readThreads(pid, threadNs);
  }
  return { userTicks, systemTicks, threadNs, leader: String(rootPid) };
}

/** What was spent between two samples of the same tree. */
export function cpuBetween(from: CpuSample, to: CpuSample, ticksPerSecond: number): CpuSpent {
  const usPerTick = 1e6 / ticksPerSecond;
  const userUs = (to.userTicks - from.userTicks) * usPerTick;
  const systemUs = (to.systemTicks - from.systemTicks) * usPerTick;
  const byThreads = threadsUs(from.threadNs, to.threadNs);
  const totalUs = byThreads ?? userUs + systemUs;
  const userShare = userUs + systemUs > 0 ? userUs / (userUs + systemUs) : 0;
  const leaderNs = (to.threadNs.get(to.leader) ?? 0) - (from.threadNs.get(to.leader) ?? 0);
  return {
    userUs: totalUs * userShare,
    systemUs: totalUs * (1 - userShare),
    totalUs,
    leaderUs: leaderNs / 1000,
  };
}

/** Ticks of the whole machine, to tell how much of it was not ours. */
export function sampleMachine(): MachineTicks {
  return parseMachineStat(readFileSync('/proc/stat', 'utf8'));
}

/** Ids of `rootPid` and all its descendants. */
export function processTree(rootPid: number): number[] {
  const all: ProcessTicks[] = [];
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null;
    if (stat !== null) all.push(stat);
  }
  return treeOf(rootPid, all);
}

/** The unit of the tick counters (CLK_TCK; 100 on every Linux this was seen on). */
export function ticksPerSecond(): number {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
}

function threadsUs(
  from: ReadonlyMap<string, number>,
  to: ReadonlyMap<string, number>,
): number | null {
  if (to.size === 0) return null;
  for (const thread of from.keys()) if (!to.has(thread)) return null;
  let ns = 0;
  for (const [thread, runNs] of to) ns += runNs - (from.get(thread) ?? 0);
  return ns / 1000;
}

function readStat(pid: number): ProcessTicks | null {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

function readThreads(pid: number, into: Map<string, number>): void {
  let names: string[] = [];
  try {
    names = readdirSync(`/proc/${pid}/task`);
  } catch {
    return;
  }
  for (const name of names) {
    const text = readIfThere(`/proc/${pid}/task/${name}/schedstat`);
    if (text) into.set(name, parseSchedstat(text));
  }
}

/** Processes and threads may end between listing and reading; that is no error. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
