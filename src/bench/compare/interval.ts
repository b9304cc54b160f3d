/**
 * Means of repeated runs with 95 % confidence intervals, and the difference of two of them by
 * Welch's t-test, which does not ask for equal variances or equally many runs.
 * Source: Welch, "The generalization of 'Student's' problem", Biometrika 1947.
 */

/** 97.5 % quantiles of Student's t by degrees of freedom; between them 1/df is interpolated. */
const T_975: readonly (readonly [df: number, t: number])[] = [
  [1, 12.706],
  [2, 4.303],
  [3, 3.182],
  [4, 2.776],
  [5, 2.571],
  [6, 2.447],
  [7, 2.365],
  [8, 2.306],
  [9, 2.262],
  [10, 2.228],
  [12, 2.179],
  [15, 2.131],
  [20, 2.086],
  [30, 2.042],
  [60, 2.0],
  [120, 1.98],
  [Number.POSITIVE_INFINITY, 1.96],
];

/** `df` at least 1; exported for tests. */
export function tQuantile(df: number): number {
  const at = T_975.findIndex(([known]) => known >= df);
  const [high, tHigh] = T_975[at]!;
  if (at === 0 || high === df) return tHigh;
  const [low, tLow] = T_975[at - 1]!;
  const share = (1 / low - 1 / df) / (1 / low - 1 / high);
  return tLow + share * (tHigh - tLow);
}

export interface Interval {
  readonly mean: number;
  /** Half the width of the 95 % interval; NaN when one run cannot tell. */
  readonly halfWidth: number;
}

export function intervalOf(values: readonly number[]): Interval {
  const { mean, variance, count } = moments(values);
  if (count < 2) return { mean, halfWidth: Number.NaN };
  return { mean, halfWidth: tQuantile(count - 1) * Math.sqrt(variance / count) };
}

/** Of `after` minus `before`. */
export function differenceOf(before: readonly number[], after: readonly number[]): Interval {
  const a = moments(before);
  const b = moments(after);
  const mean = b.mean - a.mean;
  if (a.count < 2 || b.count < 2) return { mean, halfWidth: Number.NaN };
  const [errorA, errorB] = [a.variance / a.count, b.variance / b.count];
  const error = errorA + errorB;
  if (error === 0) return { mean, halfWidth: 0 };
  const df = error ** 2 / (errorA ** 2 / (a.count - 1) + errorB ** 2 / (b.count - 1));
  return { mean, halfWidth: tQuantile(Math.max(1, df)) * Math.sqrt(error) };
}

function moments(values: readonly number[]): { mean: number; variance: number; count: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (count - 1), count };
}
