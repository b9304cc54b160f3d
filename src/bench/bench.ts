/**
 * A measurement from settings to result: asks for the model, warms up, runs one load after the
 * other, and shows what happens meanwhile. `stop` ends the run in progress in order and starts no
 * other; `cut` ends it at once.
 */
import { Crew, type RunOutcome } from './crew.ts';
import { MaxSearch } from './max-search.ts';
import { Series } from './measure/series.ts';
import type { LoadSpec } from './plan.ts';
import {
  type BenchResult,
  benchResult,
  type FoundMax,
  hasAnswers,
  mergeDetails,
  type RunReport,
  runReport,
  urlOf,
  type Verdict,
} from './result.ts';
import type { Screen } from './screen.ts';
import { askModels } from './server.ts';
import type { BenchSettings } from './settings.ts';

const SAMPLE_EVERY_MS = 1000;

export class Bench {
  readonly #asked: BenchSettings;
  readonly #screen: Screen;
  readonly #runs: RunReport[] = [];
  #crew: Crew | undefined;
  #stopped = false;
  #details: object = {};

  constructor(settings: BenchSettings, screen: Screen) {
    this.#asked = settings;
    this.#screen = screen;
  }

  /** Rejects with a sentence when it cannot begin. undefined = it was stopped before any run. */
  async measure(workerUrl: URL): Promise<BenchResult | undefined> {
    const settings = await this.#complete();
    const { targets, client, data, workers } = settings;
    this.#crew = await Crew.start({ client, data, workers }, targets, workerUrl);
    try {
      if (settings.warmups > 0) await this.#warmUp(settings);
      const verdict =
        settings.findMax === '' ? await this.#each(settings) : await this.#search(settings);
      if (this.#runs.length === 0) return undefined;
      return { ...benchResult(settings, this.#runs, verdict), ...this.#details };
    } finally {
      this.#screen.end();
      await this.#crew.end();
    }
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#screen.note('ending when the requests on their way have; Ctrl-C again ends at once.');
    this.#crew?.stop();
  }

  cut(): void {
    this.#stopped = true;
    this.#crew?.cut();
  }

  async #complete(): Promise<BenchSettings> {
    const settings = this.#asked;
    const { data, target, readyMs } = settings;
    if (data.model !== '' && readyMs === 0) return settings;
    const models = await askModels(target, readyMs);
    if (data.model !== '') return settings;
    const [model] = models;
    if (model === undefined) throw new Error('The server lists no models: name one with -model.');
    return { ...settings, data: { ...data, model } };
  }

  async #warmUp({ loads, warmups, drainMs }: BenchSettings): Promise<void> {
    const { load } = loads[0]!;
    const concurrency = Math.min(warmups, load.stages[0]!.concurrency || warmups);
    const stage = { label: 'warm-up', durationMs: 0, rate: 0, concurrency };
    const warming = { ...load, requests: warmups, stages: [stage], byTrace: false };
    const { total } = await this.#crew!.run({ ...warming, ramp: 'none' }, drainMs);
    this.#screen.note(`${total.counts[1]} of ${warmups} warm-up requests were answered.`);
  }

  async #each(settings: BenchSettings): Promise<Verdict> {
    const { loads, repeat, slos } = settings;
    for (const { label, load } of loads) {
      for (let round = 1; round <= repeat; round++) {
        if (this.#stopped) break;
        const name = repeat === 1 ? label : `${label} ${round} of ${repeat}`.trim();
        await this.#run(settings, load, name);
      }
    }
    const met = this.#runs.every((run) => run.slo.every((slo) => slo.met));
    const mainRun = loads.length === 1 ? medianRun(this.#runs) : this.#runs.length - 1;
    return { mainRun, sloMet: slos.length === 0 ? null : met, found: null };
  }

  async #search(settings: BenchSettings): Promise<Verdict> {
    const by = settings.findMax;
    const { load } = settings.loads[0]!;
    const stage = load.stages[0]!;
    const search = new MaxSearch(by === 'rate' ? stage.rate : stage.concurrency, by !== 'rate');
    let mainRun = 0;
    let endedBy: FoundMax['ended_by'] = 'objective';
    for (let value = search.next(); value > 0 && !this.#stopped; value = search.next()) {
      const label = by === 'rate' ? `rate=${value}` : `c=${value}`;
      const tried =
        by === 'rate' ? { ...stage, label, rate: value } : { ...stage, label, concurrency: value };
      const report = await this.#validRun(settings, { ...load, stages: [tried] }, label);
      if (!report.self_check.valid) {
        // What the generator could not send says nothing about the server.
        endedBy = 'generator';
        break;
      }
      const met = report.slo.every((slo) => slo.met);
      this.#screen.note(`${label}: the objectives are ${met ? 'met' : 'not met'}.`);
      search.tell(value, met);
      if (met && search.found() === value) mainRun = this.#runs.length - 1;
    }
    if (this.#stopped) endedBy = 'stopped';
    const found = search.found();
    const foundMax = { by, value: found, ended_by: endedBy };
    return { mainRun, sloMet: found > 0, found: foundMax };
  }

  /** Other work on this machine may spoil a run: one that does not count comes again, once. */
  async #validRun(settings: BenchSettings, load: LoadSpec, label: string): Promise<RunReport> {
    const report = await this.#run(settings, load, label);
    const { valid, reasons } = report.self_check;
    if (valid || this.#stopped) return report;
    this.#screen.note(`${label} does not count, once more: ${reasons.join('; ')}.`);
    return this.#run(settings, load, label);
  }

  async #run(settings: BenchSettings, load: LoadSpec, label: string): Promise<RunReport> {
    const crew = this.#crew!;
    const series = new Series();
    this.#screen.begin({ url: urlOf(settings.target), model: settings.data.model, label, load });
    const look = () => {
      const { elapsedMs, workers } = crew.live();
      if (elapsedMs === 0) return;
      const total = series.take(workers, elapsedMs);
      const { samples } = series;
      this.#screen.show({ samples, total, workers, states: crew.states, elapsedMs });
    };
    const timer = setInterval(look, SAMPLE_EVERY_MS);
    let outcome: RunOutcome;
    try {
      outcome = await crew.run(load, settings.drainMs);
    } finally {
      clearInterval(timer);
    }
    look();
    const { report: wanted, slos } = settings;
    const report = runReport(outcome, label, series.samples, { wanted, slos });
    if (wanted.detailed && hasAnswers(outcome)) this.#details = mergeDetails(outcome.ends);
    this.#runs.push(report);
    return report;
  }
}

/** Of repeated runs the one with the middle throughput. */
function medianRun(runs: readonly RunReport[]): number {
  const order = runs
    .map((run, at) => ({ at, value: run.numbers.request_throughput ?? 0 }))
    .sort((a, b) => a.value - b.value);
  return order[(order.length - 1) >> 1]?.at ?? 0;
}
