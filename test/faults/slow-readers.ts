/**
 * Thousands of clients that read one byte a second from engines that send as fast as they can:
 * the router must hold little for each of them, and nobody else may notice.
 */
import { join } from 'node:path';
import { Child } from '../fakes/child.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { MODEL, untilIdle } from '../scenarios/fault-rig.ts';
import { standBy } from './bystander.ts';
import { atMost, exactly, type Fault, type Finding, noted, type Scale } from './fault.ts';
import { forgetPeak, peakMiB, rssMiB, tcpMemoryMiB } from './proc.ts';

const READERS: Readonly<Record<Scale, number>> = { short: 200, long: 2000 };
/**
 * So many of them get their stream as fast as the engine can send it, which fills every buffer.
 * Not all: the kernel's own buffers take 8 MB for each of those, more than a machine may spare.
 */
const FLOODS: Readonly<Record<Scale, number>> = { short: 40, long: 100 };
const FOR_MS: Readonly<Record<Scale, number>> = { short: 2000, long: 15_000 };
const PER_SECOND = 100;
/**
 * What a flooded reader may cost: the queue of 256 KiB, one more read of 64 KiB, and the beginning
 * of an event. The others have nothing queued here.
 */
const KIB_PER_FLOOD = 384;
const KIB_PER_READER = 24;
/** What a warm router grows by on its own. */
const SLACK_MIB = 48;
/** The promise is 10 %; the short run shares its cores with other tests. */
const GROWTH: Readonly<Record<Scale, number>> = { short: 10, long: 1.1 };

export const SLOW_READERS: readonly Fault[] = [
  {
    title: 'readers at one byte a second',
    provoked:
      '2,000 clients read 1 B/s each from endless streams, 100 of which the engine sends as fast ' +
      `as it can, the others at an event in 5 s; ${PER_SECOND} small requests a second beside`,
    seen: 'a slow reader its bytes in order; the others nothing',
    run: slowReaders,
  },
];

export async function startEngineProgram(...args: string[]): Promise<[Child, string]> {
  const program = join(import.meta.dirname, 'engine-program.ts');
  const engine = new Child(process.execPath, [program, '--model', MODEL, ...args]);
  const { port } = await engine.logged((line) => line.port !== undefined);
  return [engine, `http://127.0.0.1:${port}`];
}

async function slowReaders(scale: Scale): Promise<Finding[]> {
  const [engine, url] = await startEngineProgram();
  let router: RunningRouter | undefined;
  let readers: Child | undefined;
  try {
    router = await startRouter({
      endpoints: [{ url, model: MODEL }],
      config: { timeouts: { write_stall_ms: 3_600_000, stream_gap_ms: 3_600_000 } },
    });
    const load = { perSecond: PER_SECOND, forMs: FOR_MS[scale] };
    await standBy(router.port, MODEL, { ...load, forMs: 1000 });
    const before = await standBy(router.port, MODEL, load);
    const baseMiB = rssMiB(router.pid);
    forgetPeak(router.pid);
    readers = startReaders(router.port, scale);
    await readers.logged(({ open }) => open === READERS[scale], 60_000);
    await settled(router.pid);
    const during = await standBy(router.port, MODEL, load);
    const grownMiB = peakMiB(router.pid) - baseMiB;
    const kernelMiB = tcpMemoryMiB();
    const lost = readers.lines.filter((line) => line.lost !== undefined).length;
    await readers.kill();
    await untilIdle(router);
    const after = await standBy(router.port, MODEL, load);
    const quietMs = Math.min(before.p99Ms, after.p99Ms);
    const limitKib = FLOODS[scale] * KIB_PER_FLOOD + READERS[scale] * KIB_PER_READER;
    const failed = before.failed + during.failed + after.failed;
    const others = `p99 of the others, ${quietMs.toFixed(2)} ms without the readers`;
    return [
      atMost(`memory of ${READERS[scale]} readers`, grownMiB, limitKib / 1024 + SLACK_MIB, 'MiB'),
      noted('TCP memory of the whole machine', `${kernelMiB.toFixed(0)} MiB`),
      exactly('readers cut off', lost, 0),
      exactly(`failed of ${3 * during.requests} other requests`, failed, 0),
      atMost(others, during.p99Ms, quietMs * GROWTH[scale], 'ms'),
    ];
  } finally {
    await readers?.kill();
    await router?.stop();
    await engine.kill();
  }
}

function startReaders(port: number, scale: Scale): Child {
  const program = join(import.meta.dirname, 'reader-program.ts');
  const counts = ['--count', String(READERS[scale]), '--floods', String(FLOODS[scale])];
  const args = [program, '--port', String(port), '--model', MODEL, ...counts];
  return new Child(process.execPath, args);
}

/** All queues are full once the router's memory stays as it is. */
async function settled(pid: number): Promise<void> {
  let last = 0;
  for (let look = 0; look < 100; look++) {
    const now = rssMiB(pid);
    if (Math.abs(now - last) < 0.5) return;
    last = now;
    await sleep(300);
  }
}
