/**
 * Strategies side by side over the same trace and seeds: means with the 95 % confidence of the mean
 * over seeds (Student's t), so that a reader sees which differences are none.
 */
import { type ReplayOptions, replay } from './replay.ts';

export interface Estimate {
  readonly mean: number;
  /** Half of the 95 % interval; 0 with one seed. */
  readonly plusMinus: number;
}

export interface ComparedStrategy {
  readonly strategy: string;
  readonly meanTtftMs: Estimate;
  readonly p50TtftMs: Estimate;
  readonly p99TtftMs: Estimate;
  readonly hitRatio: Estimate;
  readonly maxOverMean: Estimate;
}

/** Two-sided 95 % points of Student's t by degrees of freedom; beyond the list, the normal's. */
const T95 = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
const NORMAL95 = 1.96;

export function compare(
  options: Omit<ReplayOptions, 'strategy' | 'seed'>,
  strategies: readonly string[],
  seeds: number,
): ComparedStrategy[] {
  return strategies.map((strategy) => {
    const runs = Array.from({ length: seeds }, (_, index) => {
      const { placements, hitRatio, maxOverMean } = replay({
        ...options,
        strategy,
        seed: index + 1,
      });
      const sorted = Float64Array.from(placements, ({ ttftMs }) => ttftMs).sort();
      const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
      return { mean, p50: at(sorted, 0.5), p99: at(sorted, 0.99), hitRatio, maxOverMean };
    });
    return {
      strategy,
      meanTtftMs: estimate(runs.map(({ mean }) => mean)),
      p50TtftMs: estimate(runs.map(({ p50 }) => p50)),
      p99TtftMs: estimate(runs.map(({ p99 }) => p99)),
      hitRatio: estimate(runs.map(({ hitRatio }) => hitRatio)),
      maxOverMean: estimate(runs.map(({ maxOverMean }) => maxOverMean)),
    };
  });
}

function at(sorted: Float64Array, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))]!;
}

function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  if (count < 2) return { mean, plusMinus: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (count - 1));
  return { mean, plusMinus: ((T95[count - 2] ?? NORMAL95) * deviation) / Math.sqrt(count) };
}
