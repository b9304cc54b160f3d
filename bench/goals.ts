/**
 * What the router is meant to cost at most: each goal a figure of a scenario and a limit, so that
 * the page of results says by itself what was met and what was missed.
 */
import type { Spread } from './measure/stats.ts';
import type { Report } from './report.ts';
import { type Column, columnSpread } from './scenarios/columns.ts';
import type { RoundsByTarget } from './scenarios/scenario.ts';

interface Goal extends Omit<Column, 'heading'> {
  readonly text: string;
  readonly scenario: string;
  readonly limit: number;
  /** What is hoped for beyond the limit. */
  readonly aim?: number;
  readonly unit: string;
}

export interface Outcome {
  readonly goal: Goal;
  /** Null when this run did not measure it. */
  readonly spread: Spread | null;
  readonly verdict: 'met' | 'missed' | 'not measured';
}

const TIMES_NGINX = { digits: 2, unit: '× nginx', against: 'times nginx' } as const;

const BODIES: readonly Goal[] = ['30 KB', '300 KB', '3 MB', '30 MB'].map((size) => ({
  text: `CPU per MB of a ${size} body`,
  scenario: 'bodies',
  figure: `${size} ms/MB`,
  limit: 1.5,
  ...TIMES_NGINX,
}));

const GOALS: readonly Goal[] = [
  {
    text: 'CPU per request, closed loop',
    scenario: 'requests',
    figure: 'cpuUs',
    limit: 1.25,
    aim: 1,
    ...TIMES_NGINX,
  },
  {
    text: 'CPU per request, fixed rate',
    scenario: 'requests',
    figure: 'pacedCpuUs',
    limit: 1.25,
    aim: 1,
    ...TIMES_NGINX,
  },
  {
    text: 'CPU per SSE event',
    scenario: 'events',
    figure: 'cpuUs',
    limit: 1.25,
    aim: 1,
    ...TIMES_NGINX,
  },
  {
    text: 'Delay of an SSE event, p99',
    scenario: 'events',
    figure: 'p99Us',
    limit: 1,
    ...TIMES_NGINX,
  },
  ...BODIES,
  {
    text: 'Memory per open slow stream',
    scenario: 'connections',
    figure: 'streamKiB',
    limit: 12,
    digits: 1,
    unit: 'KiB',
  },
  {
    text: 'Memory per idle connection',
    scenario: 'connections',
    figure: 'idleKiB',
    limit: 6,
    digits: 1,
    unit: 'KiB',
  },
  {
    text: 'A pick among 1,000 endpoints, dearest strategy',
    scenario: 'endpoints',
    figure: 'worstPick',
    limit: 2,
    digits: 2,
    unit: 'µs',
  },
  {
    text: 'A pick for a prompt of 32 KB among 64 endpoints',
    scenario: 'endpoints',
    figure: 'prompt pick',
    limit: 20,
    digits: 1,
    unit: 'µs',
  },
  {
    text: 'Our own heap allocation per SSE event',
    scenario: 'allocation',
    figure: 'ownHeapBytes',
    limit: 0,
    digits: 0,
    unit: 'bytes',
  },
];

/** Every goal with what the report has to say about it. */
export function outcomes(report: Report): Outcome[] {
  return GOALS.map((goal) => {
    const rounds = roundsOf(report, goal.scenario);
    const spread = columnSpread({ ...goal, heading: goal.text }, rounds, 'router');
    if (spread === null) return { goal, spread, verdict: 'not measured' };
    // What rounds to the limit as it is printed meets it.
    const shown = Number(spread.median.toFixed(goal.digits));
    return { goal, spread, verdict: shown <= goal.limit ? 'met' : 'missed' };
  });
}

/** The rounds of a scenario as they were before they were written down. */
export function roundsOf(report: Report, scenario: string): RoundsByTarget {
  const targets = Object.entries(report.scenarios[scenario] ?? {});
  return new Map(targets.map(([target, { rounds }]) => [target, rounds]));
}
