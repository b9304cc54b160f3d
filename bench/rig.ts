/**
 * The running parts of a bench: one backend, every target in front of it, and a load process per
 * run. Targets stay up over all rounds; those not under test have nothing to do meanwhile.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job, LoadResult } from './load/job.ts';
import type { Options } from './options.ts';
import { Child, type Place } from './process/child.ts';
import type { Pinning } from './process/pin.ts';
import { freePort, waitUntilServing } from './process/ports.ts';
import type { Run } from './scenarios/scenario.ts';
import type { Target } from './targets/target.ts';

const BACKEND = fileURLToPath(new URL('./backend.ts', import.meta.url));
const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
const START_TIMEOUT_MS = 10_000;
/** A load process that takes this much longer than its job is stuck. */
const LOAD_SLACK_MS = 20_000;
/** Streams outlive every interval, so that opening new ones is not part of the cost. */
const EVENTS_PER_STREAM = 10_000_000;

export interface Rig {
  runOf(target: string): Run;
}

interface Seat {
  readonly port: number;
  readonly child: Child | null;
}

export async function startRig(
  targets: readonly Target[],
  pinning: Pinning,
  options: Options,
  folder: string,
): Promise<Rig> {
  const pace = { eventsPerSecond: options.eventsPerSecond, eventsPerStream: EVENTS_PER_STREAM };
  const backend = node('backend', { core: pinning.backend, folder }, [
    BACKEND,
    JSON.stringify(pace),
  ]);
  const { port: backendPort } = JSON.parse(await backend.firstLine(START_TIMEOUT_MS));
  const seats = new Map<string, Seat>();
  for (const target of targets) {
    const own = join(folder, target.name);
    mkdirSync(own);
    const port = await freePort();
    const child = target.start({ backendPort, port, folder: own, core: pinning.proxy });
    if (child !== null) await waitUntilServing(port, child);
    seats.set(target.name, child === null ? { port: backendPort, child } : { port, child });
  }
  return {
    runOf(target) {
      const { port, child } = seats.get(target)!;
      const proxy = child === null ? {} : { proxy: child.pid };
      const watch = { ...proxy, backend: backend.pid };
      return { load: (job) => runLoad({ ...job, port, watch }, { core: pinning.load, folder }) };
    },
  };
}

async function runLoad(job: Job, place: Place): Promise<LoadResult> {
  const child = node('load', place, [LOAD, JSON.stringify(job)]);
  try {
    const line = await child.firstLine(job.warmupMs + job.durationMs + LOAD_SLACK_MS);
    return JSON.parse(line) as LoadResult;
  } finally {
    await child.stop();
  }
}

function node(name: string, place: Place, argv: readonly string[]): Child {
  return new Child(name, place, [process.execPath, ...argv]);
}
