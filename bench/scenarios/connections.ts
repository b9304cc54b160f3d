/**
 * Memory of what is open: slow streams (one event a second) and idle keep-alive connections, as
 * growth of resident memory over a warmed-up proxy that holds none. Memory of the kernel's socket
 * buffers belongs to no process and is not in it.
 */
import type { LoadResult } from '../load/job.ts';
import type { Options } from '../options.ts';
import { affordable, descriptorLimit } from '../process/descriptors.ts';
import { type Column, tableOf } from './columns.ts';
import type { Figures, FreshSeat, Run, Scenario } from './scenario.ts';
import { requireClean } from './shares.ts';

/** A proxy has two sockets per stream, one per idle connection. */
const FILES_PER_STREAM = 2;
const FILES_PER_IDLE = 1;
const OPENED_PER_SECOND = 2500;
const SETTLE_MS = { quick: 700, full: 4000 };
const WARM_UP_MS = { quick: 250, full: 600 };
const WARM_UP_STREAMS = 100;
const WARM_UP_CONNECTIONS = 64;
const EVENTS_PER_SECOND = 1;
/** In it every stream of the warm-up has an event. */
const WHOLE_SECOND_MS = 1100;
/** Streams are open after this share of their warm-up (see load/event-streams). */
const OPENING_SHARE = 0.6;
const EXPECTED_SHARE = 0.9;

type Pace = 'quick' | 'full';

const COLUMNS: readonly Column[] = [
  { heading: 'streams', figure: 'streams', digits: 0 },
  { heading: 'base MiB', figure: 'streamsBaseMiB', digits: 1 },
  { heading: 'with streams MiB', figure: 'streamsMiB', digits: 1 },
  { heading: 'KiB/stream', figure: 'streamKiB', digits: 1 },
  { heading: 'idle', figure: 'idle', digits: 0 },
  { heading: 'base MiB', figure: 'idleBaseMiB', digits: 1 },
  { heading: 'with idle MiB', figure: 'idleMiB', digits: 1 },
  { heading: 'KiB/idle', figure: 'idleKiB', digits: 1 },
];

export const connections: Scenario = {
  name: 'connections',
  targets: ['router', 'router-bun', 'nginx', 'haproxy'],
  maxRounds: 2,
  async measure(run, options) {
    const limit = descriptorLimit();
    const streams = affordable(options.openStreams, FILES_PER_STREAM, limit);
    const idle = affordable(options.idleConnections, FILES_PER_IDLE, limit);
    const pace = options.quick ? 'quick' : 'full';
    return {
      ...(await withStreams(run, streams, pace)),
      ...(await withIdle(run, idle, pace)),
    };
  },
  tabulate(rounds, options) {
    const text = {
      title: 'Memory of open streams and idle connections (median, min–max of rounds)',
      notes: [
        'Growth of VmRSS over the same process after 100 streams and 64 connections came and ' +
          `went, ${SETTLE_MS.full / 1000} s after the last one was opened (with --quick ` +
          `${SETTLE_MS.quick / 1000} s). A stream has a socket on either side and gets one event ` +
          'a second; an idle connection has carried one request.',
        ...reduction(rounds, options),
      ],
    };
    return [tableOf(text, COLUMNS, rounds)];
  },
};

async function withStreams(run: Run, streams: number, pace: Pace): Promise<Figures> {
  return await run.withFresh({ eventsPerSecond: EVENTS_PER_SECOND }, async (seat) => {
    const base = await baseOf(seat, pace, WHOLE_SECOND_MS);
    const result = await seat.load({
      kind: 'event-streams',
      streams,
      warmupMs: (streams / OPENED_PER_SECOND / OPENING_SHARE) * 1000,
      durationMs: Math.max(SETTLE_MS[pace], 1500),
    });
    requireClean(result);
    if (result.units < streams * (result.elapsedMs / 1000 - 1) * EXPECTED_SHARE) {
      throw new Error(`${streams} streams had only ${result.units} events`);
    }
    const { bytes, kib } = growth(base, result, streams);
    return {
      streams,
      streamsBaseMiB: base / 2 ** 20,
      streamsMiB: bytes / 2 ** 20,
      streamKiB: kib,
    };
  });
}

async function withIdle(run: Run, idle: number, pace: Pace): Promise<Figures> {
  return await run.withFresh({}, async (seat) => {
    const base = await baseOf(seat, pace, WARM_UP_MS[pace]);
    const openingMs = (idle / OPENED_PER_SECOND) * 1000;
    const result = await seat.load({
      kind: 'idle-connections',
      connections: idle,
      openingMs,
      warmupMs: 200,
      durationMs: openingMs + SETTLE_MS[pace],
    });
    requireClean(result);
    if (result.units !== idle) throw new Error(`${result.units} of ${idle} connections served`);
    const { bytes, kib } = growth(base, result, idle);
    return { idle, idleBaseMiB: base / 2 ** 20, idleMiB: bytes / 2 ** 20, idleKiB: kib };
  });
}

/** Resident bytes of the proxy when its code is warm and nothing is open. */
async function baseOf(seat: FreshSeat, pace: Pace, streamsMs: number): Promise<number> {
  const timing = { warmupMs: WARM_UP_MS[pace], durationMs: WARM_UP_MS[pace] };
  const requests = { maxRequests: 10_000, bodyBytes: 0, connections: WARM_UP_CONNECTIONS };
  requireClean(await seat.load({ kind: 'closed-loop', ...requests, ...timing }));
  const streams = {
    streams: WARM_UP_STREAMS,
    warmupMs: timing.warmupMs,
    durationMs: streamsMs,
  };
  requireClean(await seat.load({ kind: 'event-streams', ...streams }));
  return seat.memory().residentBytes;
}

function growth(base: number, { memory }: LoadResult, count: number) {
  const bytes = memory.proxy?.residentBytes ?? 0;
  return { bytes, kib: (bytes - base) / 1024 / count };
}

/** Says so where the machine did not allow as many connections as asked for. */
function reduction(
  rounds: ReadonlyMap<string, readonly Figures[]>,
  { openStreams, idleConnections }: Options,
): string[] {
  const first = [...rounds.values()].flat()[0];
  if (first === undefined || (first.streams === openStreams && first.idle === idleConnections)) {
    return [];
  }
  return [
    `Asked for were ${openStreams} streams and ${idleConnections} idle connections; one process ` +
      'may not open enough files here (hard limit of `ulimit -n`).',
  ];
}
