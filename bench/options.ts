/** Command line of the bench. Unknown options and bad numbers are errors of `parseArgs`. */
import { parseArgs } from 'node:util';

export const SCENARIOS = [
  'requests',
  'events',
  'bodies',
  'connections',
  'endpoints',
  'workers',
  'allocation',
] as const;
export const TARGETS = ['router', 'router-bun', 'nginx', 'haproxy', 'direct'] as const;

export interface Options {
  /** Shows that it runs: small loads, short intervals. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Length of one measured interval. CPU split comes in 10 ms ticks, so 5 s or more is exact. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly connections: number;
  /** Requests per second of the latency run; well below what one core carries. */
  readonly rate: number;
  readonly streams: number;
  readonly eventsPerSecond: number;
  /** Slow streams and idle connections that are open at once in the memory runs. */
  readonly openStreams: number;
  readonly idleConnections: number;
  readonly scenarios: readonly string[];
  readonly targets: readonly string[];
  readonly out: string;
  /** Write the page from the result file instead of measuring. */
  readonly doc: boolean;
}

export const USAGE = `Usage: npm run bench -- [options]

  --quick                 one round of short intervals and small loads: shows that it runs
  --rounds N              alternating rounds (3)
  --seconds N             length of one measured interval (5)
  --warmup N              seconds before it (1.5)
  --connections N         keep-alive connections of the request runs (64)
  --rate N                requests per second of the latency run (2000)
  --streams N             open streams of the event runs (300)
  --events N              events per second and stream (50)
  --open N                slow streams open at once in the memory runs (4000)
  --idle N                idle connections of the memory runs (10000)
  --only LIST             scenarios: ${SCENARIOS.join(',')}
  --targets LIST          targets: ${TARGETS.join(',')}
  --out FILE              result file (bench-results/bench.json)
  --doc                   measure nothing: write docs/performance.md from the result file
`;

/** Throws a TypeError or RangeError with a message for the user. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warmup: { type: 'string' },
      connections: { type: 'string', default: '64' },
      rate: { type: 'string', default: '2000' },
      streams: { type: 'string', default: '300' },
      events: { type: 'string', default: '50' },
      open: { type: 'string' },
      idle: { type: 'string' },
      doc: { type: 'boolean', default: false },
      only: { type: 'string', default: SCENARIOS.join(',') },
      targets: { type: 'string', default: TARGETS.join(',') },
      out: { type: 'string', default: 'bench-results/bench.json' },
    },
  });
  return {
    quick: values.quick,
    doc: values.doc,
    rounds: number('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1, 100),
    seconds: number('seconds', values.seconds ?? (values.quick ? '1' : '5'), 0.1, 600),
    warmupSeconds: number('warmup', values.warmup ?? (values.quick ? '0.5' : '1.5'), 0.1, 60),
    connections: number('connections', values.connections, 1, 10_000),
    rate: number('rate', values.rate, 1, 100_000),
    streams: number('streams', values.streams, 1, 10_000),
    eventsPerSecond: number('events', values.events, 0.01, 1000),
    openStreams: number('open', values.open ?? (values.quick ? '500' : '4000'), 1, 30_000),
    idleConnections: number('idle', values.idle ?? (values.quick ? '1000' : '10000'), 1, 60_000),
    scenarios: list('only', values.only, SCENARIOS),
    targets: list('targets', values.targets, TARGETS),
    out: values.out,
  };
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!(value >= min && value <= max)) {
    throw new RangeError(`--${name} takes a number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function list(name: string, text: string, known: readonly string[]): string[] {
  const chosen = text.split(',');
  for (const item of chosen) {
    if (!known.includes(item)) throw new RangeError(`--${name}: "${item}" is none of ${known}`);
  }
  return known.filter((item) => chosen.includes(item));
}
