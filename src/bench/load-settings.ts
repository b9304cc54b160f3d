/** Which runs the flags ask for: how fast, how many at once, how long. */

import type { FlagValues } from './parse-flags.ts';
import { type GoodputLimits, type LoadSpec, RAMPS, type Stage } from './plan.ts';
import { parseDuration, parseMilliseconds, parseNumber } from './quantity.ts';

/** As the reference has it. */
const USUAL_CONCURRENCY = 4096;
/** Of runs that come in a row. */
const USUAL_POINT_MS = 15_000;

export interface NamedLoad {
  readonly label: string;
  readonly load: LoadSpec;
}

export function readLoads(values: FlagValues, problems: string[]): NamedLoad[] {
  const isSearch = values.isOn('findMax');
  const stagesText = values.text('stages');
  const sweepText = values.text('sweep');
  if ([isSearch, stagesText !== '', sweepText !== ''].filter(Boolean).length > 1) {
    problems.push('-stages, -sweep and -find-max exclude each other.');
  }
  const ramped = values.text('ramp') !== 'none';
  if (ramped && !(values.number('rampStart') > 0 && values.number('rampEnd') > 0)) {
    problems.push('-ramp-up-strategy needs -ramp-up-start-rps and -ramp-up-end-rps above 0.');
  }
  if (ramped && values.number('requests') === 0 && values.number('duration') === 0) {
    problems.push('-ramp-up-strategy needs an end: -n requests or -d duration.');
  }
  if (stagesText !== '') {
    const stages = stagesText.split(',').map((text) => readStage(text, values, problems));
    if (new Set(stages.map(({ rate }) => rate > 0)).size > 1) {
      problems.push('-stages are all rates (rate=…) or all concurrencies (c=…).');
    }
    return [{ label: '', load: loadOf(values, stages) }];
  }
  if (sweepText !== '') return readSweep(values, sweepText, problems);
  const durationMs = values.number('duration');
  const openRate = values.number('requestRate') || (ramped ? values.number('rampStart') : 0);
  const searches = isSearch && values.text('findMaxBy') === 'rate';
  // A search starts where the user says, or at one request a second.
  const rate = searches ? openRate || 1 : openRate;
  const usualMs = isSearch && values.number('requests') === 0 ? USUAL_POINT_MS : 0;
  const concurrency = isSearch && !searches ? values.number('concurrency') || 1 : -1;
  const stage = stageOf(values, rate, concurrency, durationMs || usualMs);
  return [{ label: '', load: loadOf(values, [stage]) }];
}

/** `concurrency` -1 = what the flags say. */
function stageOf(values: FlagValues, rate: number, concurrency: number, durationMs: number): Stage {
  const usual = rate > 0 || values.text('dataset') === 'mooncake' ? 0 : USUAL_CONCURRENCY;
  const most = concurrency >= 0 ? concurrency : values.number('concurrency') || usual;
  return { label: labelOf(rate, most), durationMs, rate, concurrency: most };
}

function labelOf(rate: number, concurrency: number): string {
  return rate > 0 ? `rate=${rate}` : `c=${concurrency}`;
}

function loadOf(values: FlagValues, stages: readonly Stage[]): LoadSpec {
  const arrival = values.text('arrival');
  return {
    stages,
    requests: values.number('requests'),
    burstiness:
      arrival === 'constant' ? 0 : arrival === 'poisson' ? 1 : values.number('burstiness'),
    ramp: RAMPS.find((one) => one === values.text('ramp')) ?? 'none',
    rampStartRate: values.number('rampStart'),
    rampEndRate: values.number('rampEnd'),
    byTrace: values.text('dataset') === 'mooncake' && !values.isGiven('requestRate'),
    seed: values.number('seed'),
  };
}

/** `rate=10:30s` or `c=64:1m`. */
function readStage(text: string, values: FlagValues, problems: string[]): Stage {
  const [, by = '', amount = '', time = ''] = /^(?:(rate|c)=)?([\d.kmg]+):(\w+)$/i.exec(text) ?? [];
  const value = parseNumber(amount);
  const durationMs = parseDuration(time);
  if (!(value > 0) || !(durationMs > 0)) {
    problems.push(`-stages does not read "${text}": rate=10:30s or c=64:30s is expected.`);
  }
  return by === 'c'
    ? stageOf(values, 0, value, durationMs)
    : stageOf(values, value, -1, durationMs);
}

/** `rate=10,20,40` or `c=1,2,4`. */
function readSweep(values: FlagValues, text: string, problems: string[]): NamedLoad[] {
  const [, by = '', list = ''] = /^(?:(rate|c)=)?([\d.,kmg]+)$/i.exec(text) ?? [];
  const amounts = list.split(',').map(parseNumber);
  if (amounts.length === 0 || amounts.some((amount) => !(amount > 0))) {
    problems.push(`-sweep does not read "${text}": rate=10,20,40 or c=1,2,4 is expected.`);
  }
  const usualMs = values.number('requests') === 0 ? USUAL_POINT_MS : 0;
  const durationMs = values.number('duration') || usualMs;
  return amounts.map((amount) => {
    const stage =
      by === 'c' ? stageOf(values, 0, amount, durationMs) : stageOf(values, amount, -1, durationMs);
    return { label: stage.label, load: loadOf(values, [stage]) };
  });
}

/** `ttft:200 tpot:50 e2el:5000`, in ms unless a unit is there. */
export function readGoodput(values: FlagValues, problems: string[]): GoodputLimits {
  const limits = { ttft: Infinity, tpot: Infinity, e2el: Infinity };
  for (const word of values.words('goodput').flatMap((one) => one.split(','))) {
    const [name = '', text = ''] = word.split(':');
    const value = parseMilliseconds(text);
    if (!Object.hasOwn(limits, name) || Number.isNaN(value)) {
      problems.push(`-goodput does not read "${word}": such as ttft:200 tpot:50 e2el:5000.`);
    } else limits[name as 'ttft'] = value;
  }
  return { ttftMs: limits.ttft, tpotMs: limits.tpot, e2elMs: limits.e2el };
}
