/**
 * Which core runs what. The proxy under test has a core of its own; backend and load generator
 * share another, or have one each where there are three.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseCpuList } from '../measure/proc.ts';

export interface Pinning {
  /** Null: not pinned. */
  readonly proxy: number | null;
  readonly backend: number | null;
  readonly load: number | null;
  readonly description: string;
}

export function planPinning(): Pinning {
  const cores = allowedCores();
  const [proxy = null, backend = null, load = backend] = cores;
  if (proxy === null || backend === null || !hasTaskset()) {
    const why = cores.length < 2 ? 'fewer than two cores' : 'taskset is not installed';
    return { proxy: null, backend: null, load: null, description: `not pinned (${why})` };
  }
  const description = `proxy on core ${proxy}, backend on core ${backend}, load on core ${load}`;
  return { proxy, backend, load, description };
}

/** The command that runs `argv` on `core`; taskset replaces itself, so the process id stays. */
export function pinned(core: number | null, argv: readonly string[]): readonly string[] {
  return core === null ? argv : ['taskset', '-c', String(core), ...argv];
}

function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  return list === undefined ? [] : parseCpuList(list);
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
