/** `llm-router bench`: reads the flags, measures, prints and writes the results. */
import { Bench } from '../bench/bench.ts';
import { benchHelp } from '../bench/help.ts';
import { limitProblems, machineLimits } from '../bench/limits.ts';
import { PanelScreen } from '../bench/panel/panel-screen.ts';
import { parseBenchFlags } from '../bench/parse-flags.ts';
import { summaryText } from '../bench/report/summary.ts';
import type { BenchResult } from '../bench/result.ts';
import { LineScreen, type Screen } from '../bench/screen.ts';
import { type BenchSettings, readSettings } from '../bench/settings.ts';
import { askedToEnd } from './asked-to-end.ts';
import { reportProblems, writeReports } from './bench-reports.ts';
import { EXIT_FAILURE, EXIT_OK, EXIT_SLO, EXIT_USAGE } from './exit-codes.ts';

export async function runBench(argv: readonly string[], workerUrl: URL): Promise<number> {
  const { help, values, problems } = parseBenchFlags(argv);
  if (help) {
    process.stdout.write(benchHelp());
    return EXIT_OK;
  }
  const { settings, problems: found } = readSettings(values, process.env);
  const all = [...problems, ...found];
  if (all.length === 0) all.push(...limitProblems(settings, machineLimits()));
  if (all.length > 0) {
    for (const problem of all) process.stderr.write(`llm-router: ${problem}\n`);
    process.stderr.write('Try llm-router bench --help.\n');
    return EXIT_USAGE;
  }
  return measure(settings, workerUrl);
}

async function measure(settings: BenchSettings, workerUrl: URL): Promise<number> {
  const unwritable = await reportProblems(settings.report);
  if (unwritable.length > 0) return complain(unwritable);
  // With JSON on standard output everything for people goes to standard error.
  const people = settings.report.json === '-' ? process.stderr : process.stdout;
  const bench = new Bench(settings, screenFor(people, settings.report.visual));
  const asked = askedToEnd();
  asked.once.then(() => bench.stop());
  asked.twice.then(() => bench.cut());
  let result: BenchResult | undefined;
  try {
    result = await bench.measure(workerUrl);
  } catch (error) {
    return complain([error instanceof Error ? error.message : String(error)]);
  }
  if (result === undefined) return EXIT_OK;
  people.write(summaryText(result, people.columns ?? Number.POSITIVE_INFINITY));
  const unwritten = await writeReports(result, settings.report);
  if (unwritten.length > 0) return complain(unwritten);
  if (result.slo_met === false) return EXIT_SLO;
  const { completed, failed } = result.runs[result.main_run]!.numbers;
  return completed === 0 && failed > 0 ? complain(['No request succeeded.']) : EXIT_OK;
}

function complain(sentences: readonly string[]): number {
  for (const sentence of sentences) process.stderr.write(`llm-router: ${sentence}\n`);
  return EXIT_FAILURE;
}

/** A panel where it can be drawn; `NO_COLOR` is the convention of no-color.org. */
function screenFor(stream: NodeJS.WriteStream, visual: boolean): Screen {
  if (!visual || !stream.isTTY) return new LineScreen((text) => stream.write(text));
  return new PanelScreen(stream, !process.env.NO_COLOR);
}
