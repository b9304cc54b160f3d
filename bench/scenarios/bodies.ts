/**
 * Large request bodies with `model` at their end: what they cost, and what the proxy holds while
 * many arrive at once. The router cannot choose an endpoint before it has seen the model's name and
 * keeps a body for another attempt; nginx (told so) and HAProxy pass on what has arrived.
 */
import { TARGETS } from '../options.ts';
import { type Column, tableOf } from './columns.ts';
import type { Figures, Run, Scenario } from './scenario.ts';
import { requireClean } from './shares.ts';

interface Size {
  readonly name: string;
  readonly bytes: number;
  /** Uploads on their way during the cost run: enough to keep the proxy busy. */
  readonly connections: number;
  /** Uploads on their way during the memory run. */
  readonly atOnce: number;
}

/** 64 × 30 MB would be 1.9 GB held in the router, so the largest bodies come 8 at once. */
const SIZES: readonly Size[] = [
  { name: '30 KB', bytes: 30_000, connections: 32, atOnce: 64 },
  { name: '300 KB', bytes: 300_000, connections: 8, atOnce: 64 },
  { name: '3 MB', bytes: 3_000_000, connections: 4, atOnce: 64 },
  { name: '30 MB', bytes: 30_000_000, connections: 2, atOnce: 8 },
];

const UNLIMITED = 1_000_000;
const WARM_UP_SHARE = 0.3;
/** Every connection of a memory run carries this many uploads on average. */
const UPLOADS_EACH = 2;
const PEAK_LIMIT_MS = 15_000;

export const bodies: Scenario = {
  name: 'bodies',
  targets: TARGETS,
  maxRounds: 2,
  async measure(run, options) {
    const figures: Record<string, number | null> = {};
    const durationMs = options.seconds * 1000 * (options.quick ? 0.5 : 0.36);
    await run.withFresh({ streamsUploads: true }, async (seat) => {
      for (const size of SIZES) {
        const result = await seat.load({
          kind: 'closed-loop',
          connections: size.connections,
          bodyBytes: size.bytes,
          maxRequests: UNLIMITED,
          warmupMs: durationMs * WARM_UP_SHARE,
          durationMs,
        });
        requireClean(result);
        const megabytes = (result.units * size.bytes) / 1e6;
        const cpuUs = result.cpu.proxy?.totalUs;
        figures[`${size.name} ms/MB`] = cpuUs === undefined ? null : cpuUs / 1000 / megabytes;
        figures[`${size.name} MB/s`] = megabytes / (result.elapsedMs / 1000);
        figures[`${size.name} others`] = result.othersUs / (result.elapsedMs * 10);
      }
    });
    if (run.target === 'direct') return figures;
    // A quick run shows one of them: every peak needs a proxy of its own.
    for (const size of options.quick ? SIZES.slice(2, 3) : SIZES) {
      figures[`${size.name} peak MB`] = await peakOf(run, size);
    }
    return figures;
  },
  tabulate(rounds) {
    const cost = {
      title: 'Large bodies with `model` last: cost (median, min–max of rounds)',
      notes: [
        `Closed loop over ${SIZES.map((size) => `${size.connections} × ${size.name}`).join(', ')}.`,
        'nginx: `proxy_request_buffering off`, `client_max_body_size 0`, ' +
          '`client_body_buffer_size 64k`; HAProxy: buffers of 16 KB (its default); router: ' +
          '`server.max_body_bytes` 64 MiB (its default). nginx and HAProxy do not look into the ' +
          'body; the router must, and keeps it.',
      ],
    };
    const peak = {
      title: 'Large bodies: memory at the peak, MB over the idle proxy',
      notes: [
        'VmHWM of a fresh proxy after small requests, then after the uploads. 64 × 30 MB would ' +
          'be 1.9 GB of bodies, so 30 MB come 8 at once.',
      ],
    };
    const proxies = new Map([...rounds].filter(([target]) => target !== 'direct'));
    return [tableOf(cost, COST, rounds), tableOf(peak, PEAK, proxies)];
  },
};

const COST: readonly Column[] = SIZES.flatMap(({ name }) => [
  { heading: `${name}: ms/MB`, figure: `${name} ms/MB`, digits: 3 },
  { heading: '× nginx', figure: `${name} ms/MB`, digits: 2, against: 'times nginx' as const },
  { heading: 'MB/s', figure: `${name} MB/s`, digits: 0 },
]);

const PEAK: readonly Column[] = SIZES.map(({ name, bytes, atOnce }) => ({
  heading: `${atOnce} × ${name} = ${Math.round((atOnce * bytes) / 1e6)} MB`,
  figure: `${name} peak MB`,
  digits: 1,
}));

/** Growth of the proxy's high-water mark by many uploads at once. */
async function peakOf(run: Run, size: Size): Promise<Figures[string]> {
  return await run.withFresh({ streamsUploads: true }, async (seat) => {
    const load = { kind: 'closed-loop', connections: size.atOnce, warmupMs: 100 } as const;
    const warm = await seat.load({
      ...load,
      bodyBytes: 0,
      maxRequests: UNLIMITED,
      durationMs: 400,
    });
    requireClean(warm);
    const before = seat.memory();
    const maxRequests = UPLOADS_EACH * size.atOnce;
    const upload = { ...load, bodyBytes: size.bytes, maxRequests, durationMs: PEAK_LIMIT_MS };
    const result = await seat.load(upload);
    requireClean(result);
    const after = result.memory.proxy ?? seat.memory();
    return (after.peakBytes - before.residentBytes) / 1e6;
  });
}
