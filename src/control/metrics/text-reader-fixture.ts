/**
 * A strict reader of the two text formats, for tests: throws on whatever a scraper might refuse.
 * Sources: Prometheus' exposition formats, the OpenMetrics 1.0 specification.
 */
import assert from 'node:assert/strict';
import type { MetricsText } from './exposition.ts';
import { OPENMETRICS_TYPE } from './metrics-page.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly samples: Sample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [''],
  counter: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** For tests: families by the name in their TYPE line. */
export function readMetrics({ type, body }: MetricsText): Map<string, Family> {
  const open = type === OPENMETRICS_TYPE;
  assert.ok(body.endsWith(open ? '\n# EOF\n' : '\n'), 'the last line ends');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current = '';
  let helped = '';
  const lines = body.split('\n').slice(0, open ? -2 : -1);
  for (const line of lines) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      helped = comment[2]!;
    } else if (comment !== null) {
      current = comment[2]!;
      assert.equal(current, helped, 'HELP and TYPE stand together');
      assert.ok(NAME.test(current) && !families.has(current), `${current} begins once`);
      families.set(current, { type: comment[3]!, samples: [] });
    } else {
      const sample = readSample(line);
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      assert.ok(!seen.has(key), `twice: ${key}`);
      seen.add(key);
      const family = families.get(current)!;
      const total = open && family.type === 'counter' ? '_total' : '';
      const fits = SUFFIXES[family.type]!.some((end) => sample.name === current + total + end);
      assert.ok(fits, `${sample.name} stands under ${current}`);
      family.samples.push(sample);
    }
  }
  for (const [name, family] of families)
    if (family.type === 'histogram') checkBuckets(name, family);
  return families;
}

function readSample(line: string): Sample {
  const match = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(match !== null && NAME.test(match[1]!), `no sample: ${line}`);
  const labels: Record<string, string> = {};
  const text = match[2] ?? '';
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const label = LABEL.exec(text);
    assert.ok(label !== null, `no labels: ${line}`);
    assert.ok(!Object.hasOwn(labels, label[1]!), `label twice: ${line}`);
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, after) => (after === 'n' ? '\n' : after));
  }
  const value = Number(match[3]);
  assert.ok(Number.isFinite(value), `no number: ${line}`);
  return { name: match[1]!, labels, value };
}

/** Buckets rise, end with +Inf, and that is the count. */
function checkBuckets(name: string, { samples }: Family): void {
  let bound = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const sample of samples) {
    if (sample.name.endsWith('_bucket')) {
      const le = sample.labels.le!;
      const next = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      assert.ok(next > bound && sample.value >= count, `${name}: buckets rise`);
      bound = next;
      count = sample.value;
    } else if (sample.name.endsWith('_count')) {
      assert.equal(bound, Number.POSITIVE_INFINITY, `${name}: ends with +Inf`);
      assert.equal(sample.value, count, `${name}: the last bucket is the count`);
      bound = Number.NEGATIVE_INFINITY;
      count = 0;
    }
  }
}
