/**
 * Writes samples in the text format of Prometheus (0.0.4) or OpenMetrics (1.0). Source: the two
 * projects' format specifications. Invariants: a family is begun once and its samples follow;
 * buckets are cumulative and the last equals the count.
 */
import type { Histogram } from '../../core/histogram.ts';
import type { Metric } from './metric-table.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Which buckets are shown: upper bounds 2^from … 2^to units, `unitsPerSecond` to a second. */
export interface Buckets {
  readonly from: number;
  readonly to: number;
  readonly unitsPerSecond: number;
}

export class MetricsPage {
  readonly #openMetrics: boolean;
  readonly #parts: string[] = [];
  #metric: Metric | undefined;

  constructor(openMetrics: boolean) {
    this.#openMetrics = openMetrics;
  }

  begin(metric: Metric): void {
    this.#metric = metric;
    const isTotal = this.#openMetrics && metric.type === 'counter';
    const family = isTotal ? metric.name.replace(/_total$/, '') : metric.name;
    const help = metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    const escaped = this.#openMetrics ? help.replaceAll('"', '\\"') : help;
    this.#parts.push(`# HELP ${family} ${escaped}\n# TYPE ${family} ${metric.type}\n`);
  }

  /** One sample of the family begun; `labels` as `labelsOf` makes them. */
  add(labels: string, value: number): void {
    this.#sample('', labels, value);
  }

  histogram(labels: string, histogram: Histogram, buckets: Buckets): void {
    const { scale } = histogram;
    const comma = labels === '' ? '' : ',';
    let count = 0;
    let at = 0;
    for (let power = buckets.from; power <= buckets.to; power++) {
      const end = scale.indexOf(2 ** power);
      while (at < end) count += histogram.at(at++);
      const bound = String(2 ** power / buckets.unitsPerSecond);
      this.#sample('_bucket', `${labels}${comma}le="${bound}"`, count);
    }
    while (at < scale.bucketCount) count += histogram.at(at++);
    this.#sample('_bucket', `${labels}${comma}le="+Inf"`, count);
    this.#sample('_sum', labels, histogram.sum() / buckets.unitsPerSecond);
    this.#sample('_count', labels, count);
  }

  summary(labels: string, sum: number, count: number): void {
    this.#sample('_sum', labels, sum);
    this.#sample('_count', labels, count);
  }

  text(): string {
    return this.#parts.join('') + (this.#openMetrics ? '# EOF\n' : '');
  }

  #sample(suffix: string, labels: string, value: number): void {
    const shown = labels === '' ? '' : `{${labels}}`;
    this.#parts.push(`${this.#metric!.name}${suffix}${shown} ${value}\n`);
  }
}

/** `name="value",…` with the escapes of the format. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Whether the Accept of a scrape prefers OpenMetrics (RFC 9110 §12.5.1). */
export function wantsOpenMetrics(accept: string): boolean {
  let open = 0;
  let plain = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const given = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = given === undefined ? 1 : Number(given.slice(2)) || 0;
    const version = parameters.find((parameter) => parameter.startsWith('version='));
    if (type === 'application/openmetrics-text' && version !== 'version=0.0.1') {
      open = Math.max(open, quality);
    } else if (type === 'text/plain' || type === 'text/*' || type === '*/*') {
      plain = Math.max(plain, quality);
    }
  }
  return open > 0 && open >= plain;
}
