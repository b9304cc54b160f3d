/** The first line a program prints about its version; null when it is not installed. */
import { spawnSync } from 'node:child_process';

export function versionLine(command: string, argument: string): string | null {
  const run = spawnSync(command, [argument], { encoding: 'utf8', timeout: 10_000 });
  if (run.error || run.status !== 0) return null;
  return `${run.stdout}${run.stderr}`.trim().split('\n')[0] ?? null;
}
