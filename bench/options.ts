/** Command line of the bench. Unknown options and bad numbers are errors, reported by `parseArgs`. */
import { parseArgs } from 'node:util';

export const SCENARIOS = ['requests', 'events'] as const;
export const TARGETS = ['router', 'nginx', 'haproxy', 'direct'] as const;

export interface Options {
  readonly rounds: number;
  /** Length of one measured interval. CPU split comes in 10 ms ticks, so 5 s or more is exact. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly connections: number;
  /** Requests per second of the latency run; well below what one core carries. */
  readonly rate: number;
  readonly streams: number;
  readonly eventsPerSecond: number;
  readonly scenarios: readonly string[];
  readonly targets: readonly string[];
  readonly out: string;
}

export const USAGE = `Usage: npm run bench -- [options]

  --quick                 one round of short intervals: shows that it runs, not a measurement
  --rounds N              alternating rounds (3)
  --seconds N             length of one measured interval (6)
  --warmup N              seconds before it (2)
  --connections N         keep-alive connections of the request runs (64)
  --rate N                requests per second of the latency run (2000)
  --streams N             open streams of the event runs (300)
  --events N              events per second and stream (50)
  --only LIST             scenarios: ${SCENARIOS.join(',')}
  --targets LIST          targets: ${TARGETS.join(',')}
  --out FILE              result file (bench-results/bench.json)
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
      only: { type: 'string', default: SCENARIOS.join(',') },
      targets: { type: 'string', default: TARGETS.join(',') },
      out: { type: 'string', default: 'bench-results/bench.json' },
    },
  });
  return {
    rounds: number('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1, 100),
    seconds: number('seconds', values.seconds ?? (values.quick ? '1' : '6'), 0.1, 600),
    warmupSeconds: number('warmup', values.warmup ?? (values.quick ? '0.7' : '2'), 0.1, 60),
    connections: number('connections', values.connections, 1, 10_000),
    rate: number('rate', values.rate, 1, 100_000),
    streams: number('streams', values.streams, 1, 10_000),
    eventsPerSecond: number('events', values.events, 0.01, 1000),
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
