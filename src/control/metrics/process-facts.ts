/** What the operating system says of this process; what it does not tell is undefined. */

import { readdir, readFile } from 'node:fs/promises';
import { memoryInUseBytes } from '../memory-in-use.ts';

export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startedAtSeconds: number;
  readonly openFds: number | undefined;
  readonly maxFds: number | undefined;
}

/** Resolves always; file descriptors are counted off the main thread. */
export async function readProcessFacts(): Promise<ProcessFacts> {
  const { user, system } = process.cpuUsage();
  const [open, limits] = await Promise.all([
    readdir('/proc/self/fd').catch(() => undefined),
    readFile('/proc/self/limits', 'utf8').catch(() => ''),
  ]);
  const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: memoryInUseBytes(),
    startedAtSeconds: Date.now() / 1000 - process.uptime(),
    openFds: open?.length,
    maxFds: max === undefined ? undefined : Number(max),
  };
}
