/**
 * Finds processes that a test started and did not end. Every child of a run inherits an
 * environment mark, which survives new process groups and the death of the parent; where there is
 * no /proc nothing is found. Only marked processes are ever ended, by their id.
 */
import { readdirSync, readFileSync } from 'node:fs';

export const MARK_NAME = 'LLM_ROUTER_TEST_RUN';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/** A mark below the one this process was started with, so that a run inside a run is seen too. */
export function markBelow(name: string): string {
  const outer = process.env[MARK_NAME];
  return outer === undefined ? name : `${outer}/${name}`;
}

/** Living processes (zombies left out) marked with `mark` or below it, but not this one. */
export function leftovers(mark: string): Leftover[] {
  const found: Leftover[] = [];
  for (const name of listProc()) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = read(`/proc/${name}/environ`).split('\0');
    const prefix = `${MARK_NAME}=${mark}`;
    if (!environment.some((entry) => entry === prefix || entry.startsWith(`${prefix}/`))) continue;
    const command = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim();
    if (command !== '') found.push({ pid, command });
  }
  return found;
}

/** Ends what `leftovers` found; a process that went meanwhile is fine. */
export function end(processes: readonly Leftover[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

function listProc(): string[] {
  try {
    return readdirSync('/proc');
  } catch {
    return [];
  }
}

// Other users' processes and those that end while we look cannot be read: not ours.
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
