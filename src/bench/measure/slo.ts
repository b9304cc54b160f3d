/**
 * Service level objectives: `p99:ttft<500ms`, `mean:tpot<=50`, `error_rate<1%`,
 * `output_throughput>1000`. A bare number counts in the metric's own unit: ms, a share, per second.
 */
import { parseMilliseconds, parseShare } from '../quantity.ts';

const SHAPE = /^(?:(p[\d.]+|mean|median|max|min):)?([a-z_]+)\s*(<=|>=|<|>)\s*([\d.]+[a-z%]*)$/i;

export interface Slo {
  readonly text: string;
  /** Key of a result, such as p99_ttft_ms or error_rate. */
  readonly key: string;
  readonly operator: string;
  readonly limit: number;
}

export interface SloResult {
  readonly text: string;
  /** NaN when nothing was measured: then it is not met. */
  readonly value: number;
  readonly met: boolean;
}

const TIMES: readonly string[] = ['ttft', 'tpot', 'itl', 'e2el', 'queue'];
const RATES: readonly string[] = [
  'error_rate',
  'success_rate',
  'request_throughput',
  'output_throughput',
  'request_goodput',
];

/** A problem is a sentence. */
export function parseSlo(text: string): Slo | string {
  const match = SHAPE.exec(text.trim());
  const help = `-slo does not read "${text}": write 'p99:ttft<500ms' or 'error_rate<1%'.`;
  if (match === null) return help;
  const [, statistic = '', name = '', operator = '', value = ''] = match;
  const metric = name.toLowerCase();
  if (TIMES.includes(metric)) {
    const limit = parseMilliseconds(value);
    const key = `${(statistic === '' ? 'p99' : statistic).toLowerCase()}_${metric}_ms`;
    return Number.isNaN(limit) ? help : { text, key, operator, limit };
  }
  if (!RATES.includes(metric)) {
    return `-slo does not know "${metric}": one of ${[...TIMES, ...RATES].join(', ')}.`;
  }
  const limit = parseShare(value);
  return Number.isNaN(limit) || statistic !== '' ? help : { text, key: metric, operator, limit };
}

export function checkSlo(slo: Slo, value: number): SloResult {
  const { operator, limit } = slo;
  const met =
    operator === '<'
      ? value < limit
      : operator === '<='
        ? value <= limit
        : operator === '>'
          ? value > limit
          : value >= limit;
  return { text: slo.text, value, met };
}
