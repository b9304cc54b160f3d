/** The bench's own programs (bench/*.ts) as child processes. */
import { fileURLToPath } from 'node:url';
import type { Job, LoadResult } from '../load/job.ts';
import { Child, type Place } from './child.ts';

const PROGRAM_TIMEOUT_MS = 60_000;
/** A load process that takes this much longer than its job is stuck. */
const LOAD_SLACK_MS = 20_000;

export function startProgram(
  file: string,
  place: Place,
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Child {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  return new Child(file, place, [process.execPath, ...nodeFlags, path, ...args]);
}

/** Runs a program to its end and returns what it printed. */
export async function outputOf(
  file: string,
  place: Place,
  nodeFlags: readonly string[],
): Promise<string> {
  const child = startProgram(file, place, [], nodeFlags);
  try {
    return await child.wholeOutput(PROGRAM_TIMEOUT_MS);
  } finally {
    await child.stop();
  }
}

export async function runLoad(job: Job, place: Place): Promise<LoadResult> {
  const child = startProgram('load.ts', place, [JSON.stringify(job)]);
  try {
    const line = await child.firstLine(job.warmupMs + job.durationMs + LOAD_SLACK_MS);
    return JSON.parse(line) as LoadResult;
  } finally {
    await child.stop();
  }
}
