/**
 * Resident memory of process trees, from /proc/<pid>/status. Pages that processes share (nginx's
 * master and worker) count once for each, so differences over time are what to compare.
 */
import { readFileSync } from 'node:fs';
import { processTree } from './cpu.ts';

export interface Memory {
  /** Resident now. */
  readonly residentBytes: number;
  /** The most that was ever resident, summed over processes, which peak at times of their own. */
  readonly peakBytes: number;
}

/** Memory of `rootPid` and its descendants; throws when the root is gone. */
export function memoryOf(rootPid: number): Memory {
  let residentBytes = 0;
  let peakBytes = 0;
  for (const pid of processTree(rootPid)) {
    const memory = readStatus(pid);
    if (memory === null) {
      if (pid === rootPid) throw new Error(`process ${pid} is gone`);
      continue;
    }
    residentBytes += memory.residentBytes;
    peakBytes += memory.peakBytes;
  }
  return { residentBytes, peakBytes };
}

/** Reads VmRSS and VmHWM (proc(5)); exported for tests too. */
export function parseStatus(text: string): Memory {
  return { residentBytes: kibibytes(text, 'VmRSS'), peakBytes: kibibytes(text, 'VmHWM') };
}

function kibibytes(text: string, field: string): number {
  const value = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new SyntaxError(`no ${field} in a /proc status`);
  return Number(value) * 1024;
}

function readStatus(pid: number): Memory | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return null;
  }
  // A process that has ended and was not waited for has no memory fields any more.
  return text.includes('VmRSS') ? parseStatus(text) : null;
}
