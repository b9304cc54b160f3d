/**
 * `/metrics`, read again and again from before the first request on. So what a page tells of the
 * last seconds or of the last minute can be held against the same counters, however long the
 * machine takes: a trail bounds how much they rose in that time. Where they have stood still long
 * enough, or began not long ago, the two bounds are one.
 */
import assert from 'node:assert/strict';
import { PROMETHEUS_TYPE } from '../../src/control/metrics/metrics-page.ts';
import { type Family, readMetrics } from '../../src/control/metrics/text-reader-fixture.ts';
import { sleep } from '../fakes/until.ts';

const PREFIX = 'llm_router_';
const EVERY_MS = 500;

export type Labels = Readonly<Record<string, string>>;

/** When a page was looked at. */
export interface Look {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The shortest and the longest time that a number of "the last …" may cover. */
export interface Span {
  readonly leastMs: number;
  readonly mostMs: number;
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
}

interface Reading extends Look {
  readonly families: Map<string, Family>;
}

export class MetricsTrail {
  readonly #url: string;
  /** Oldest first; all counters were 0 before. */
  readonly #readings: Reading[] = [];
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(operationsUrl: string) {
    this.#url = `${operationsUrl}/metrics`;
  }

  /** To be called before the first request. */
  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      await this.read();
      await sleep(EVERY_MS);
    }
  }

  async read(): Promise<void> {
    const fromMs = performance.now();
    const body = await (await fetch(this.#url)).text();
    const families = readMetrics({ type: PROMETHEUS_TYPE, body });
    this.#readings.push({ families, fromMs, toMs: performance.now() });
    this.#readings.sort((a, b) => a.fromMs - b.fromMs);
  }

  /** What `look` resolves to, with readings right before and right after it. */
  async around<T>(look: () => Promise<T>): Promise<{ readonly seen: T; readonly at: Look }> {
    await this.read();
    const fromMs = performance.now();
    const seen = await look();
    const at = { fromMs, toMs: performance.now() };
    await this.read();
    return { seen, at };
  }

  /** The sum of the last reading's samples with these labels; 0 when there is none. */
  now(name: string, labels: Labels = {}): number {
    return sum(this.#readings.at(-1)!, name, labels);
  }

  /** How much it has risen within the span that ended at the look, or since the start. */
  risen(name: string, labels: Labels, at: Look, { leastMs, mostMs }: Span): Bounds {
    const value = (reading: Reading | undefined) =>
      reading === undefined ? 0 : sum(reading, name, labels);
    return {
      least: Math.max(
        0,
        value(this.#endedBefore(at.fromMs)) - value(this.#begunAfter(at.toMs - leastMs)),
      ),
      most: value(this.#begunAfter(at.toMs)) - value(this.#endedBefore(at.fromMs - mostMs)),
    };
  }

  /** How much each bucket of a histogram has risen, by its bound, the smallest first. */
  buckets(name: string, labels: Labels, at: Look, span: Span): Map<number, Bounds> {
    const family = this.#readings.at(-1)!.families.get(PREFIX + name);
    assert.ok(family, `no metric ${name}`);
    const bounds = new Set(family.samples.flatMap(({ labels: own }) => own.le ?? []));
    const numbers = [...bounds].map((le): [number, Bounds] => {
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      return [bound, this.risen(name, { ...labels, le }, at, span)];
    });
    return new Map(numbers.sort(([a], [b]) => a - b));
  }

  #endedBefore(ms: number): Reading | undefined {
    return this.#readings.findLast(({ toMs }) => toMs <= ms);
  }

  #begunAfter(ms: number): Reading | undefined {
    return this.#readings.find(({ fromMs }) => fromMs >= ms);
  }
}

function sum({ families }: Reading, name: string, labels: Labels): number {
  const family = families.get(PREFIX + name);
  assert.ok(family, `no metric ${name}`);
  return family.samples
    .filter(({ labels: own }) => Object.entries(labels).every(([key, value]) => own[key] === value))
    .reduce((all, { value }) => all + value, 0);
}
