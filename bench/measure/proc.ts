/**
 * Parsers for the few /proc files the bench reads (proc(5)). Pure: text in, numbers out.
 */

export interface ProcessTicks {
  readonly pid: number;
  readonly parentPid: number;
  readonly userTicks: number;
  readonly systemTicks: number;
}

/**
 * Reads `/proc/<pid>/stat`. The command name stands in parentheses and may itself hold spaces and
 * parentheses, so fields are counted from the last `)`.
 */
export function parseStat(text: string): ProcessTicks {
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const stat = {
    pid: Number.parseInt(text, 10),
    parentPid: Number(fields[1]),
    userTicks: Number(fields[11]),
    systemTicks: Number(fields[12]),
  };
  if (nameEnd < 0 || !Object.values(stat).every(Number.isInteger)) {
    throw new SyntaxError(`not a /proc stat line: ${text.slice(0, 80)}`);
  }
  return stat;
}

/** Time on a CPU in nanoseconds from `/proc/<pid>/task/<tid>/schedstat`. */
export function parseSchedstat(text: string): number {
  const runNs = Number(text.split(' ')[0]);
  if (text === '' || !Number.isFinite(runNs)) throw new SyntaxError(`not schedstat: ${text}`);
  return runNs;
}

/** Expands a kernel CPU list such as `0-3,8` from `/proc/self/status` (`Cpus_allowed_list`). */
export function parseCpuList(list: string): number[] {
  const cores: number[] = [];
  for (const part of list.trim().split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) throw new SyntaxError(`not a CPU list: ${list}`);
    const last = Number(range[2] ?? range[1]);
    for (let core = Number(range[1]); core <= last; core++) cores.push(core);
  }
  return cores;
}

/** `root` and everything below it, from (pid, parent) pairs in any order. */
export function treeOf(root: number, pairs: readonly ProcessTicks[]): number[] {
  const tree = [root];
  for (let next = 0; next < tree.length; next++) {
    for (const { pid, parentPid } of pairs) {
      if (parentPid === tree[next] && !tree.includes(pid)) tree.push(pid);
    }
  }
  return tree;
}

export interface MachineTicks {
  /** User, nice, system and interrupt time of all cores. */
  readonly busyTicks: number;
  /** Time the hypervisor gave to other machines. */
  readonly stolenTicks: number;
}

/** Reads the first line of `/proc/stat`. Guest time is part of user time and not added again. */
export function parseMachineStat(text: string): MachineTicks {
  const fields = /^cpu +([\d ]+)$/m.exec(text)?.[1]?.split(' ').map(Number) ?? [];
  const [user, nice, system, , , irq, softirq, stolen] = fields;
  const busyTicks = user! + nice! + system! + irq! + softirq!;
  if (!Number.isInteger(busyTicks) || stolen === undefined) {
    throw new SyntaxError(`not /proc/stat: ${text.slice(0, 80)}`);
  }
  return { busyTicks, stolenTicks: stolen };
}
