/** `llm-router bench`: reads the flags, measures, prints and writes the results. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Bench } from '../bench/bench.ts';
import { benchHelp } from '../bench/help.ts';
import { limitProblems, machineLimits } from '../bench/limits.ts';
import { PanelScreen } from '../bench/panel/panel-screen.ts';
import { parseBenchFlags } from '../bench/parse-flags.ts';
import { csvText } from '../bench/report/csv.ts';
import { htmlText } from '../bench/report/html.ts';
import { markdownText } from '../bench/report/markdown.ts';
import { summaryText } from '../bench/report/summary.ts';
import type { BenchResult } from '../bench/result.ts';
import { LineScreen, type Screen } from '../bench/screen.ts';
import { type BenchSettings, type ReportSettings, readSettings } from '../bench/settings.ts';
import { askedToEnd } from './asked-to-end.ts';
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
    process.stderr.write(`llm-router: ${error instanceof Error ? error.message : error}\n`);
    return EXIT_FAILURE;
  }
  if (result === undefined) return EXIT_OK;
  people.write(summaryText(result, people.columns ?? Number.POSITIVE_INFINITY));
  await writeReports(result, settings.report);
  return result.slo_met === false ? EXIT_SLO : EXIT_OK;
}

/** A panel where it can be drawn; `NO_COLOR` is the convention of no-color.org. */
function screenFor(stream: NodeJS.WriteStream, visual: boolean): Screen {
  if (!visual || !stream.isTTY) return new LineScreen((text) => stream.write(text));
  return new PanelScreen(stream, !process.env.NO_COLOR);
}

async function writeReports(result: BenchResult, report: ReportSettings): Promise<void> {
  const json = `${JSON.stringify(result, null, 2)}\n`;
  if (report.json === '-') process.stdout.write(json);
  else if (report.json !== '') await write(report.json, json);
  if (report.csv !== '') await write(report.csv, csvText(result));
  if (report.markdown !== '') await write(report.markdown, markdownText(result));
  if (report.html !== '') await write(report.html, htmlText(result));
  if (report.save) {
    const stamp = result.date.replace(/[:.]/g, '-');
    const name = report.resultName || `bench-${stamp}.json`;
    await write(join(report.resultDir, name), json);
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
