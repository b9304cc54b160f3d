/**
 * The files that `llm-router bench` writes. A measurement may have taken hours: whether they can be
 * written is looked at before it begins, and one that then cannot be does not lose the others.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { csvText } from '../bench/report/csv.ts';
import { htmlText } from '../bench/report/html.ts';
import { markdownText } from '../bench/report/markdown.ts';
import type { BenchResult } from '../bench/result.ts';
import type { ReportSettings } from '../bench/settings.ts';
import { fileReason } from '../config/file-reason.ts';

const STANDARD_OUTPUT = '-';

/** What is wrong with the places of the reports, a sentence each; makes their folders. */
export async function reportProblems(report: ReportSettings): Promise<string[]> {
  const problems: string[] = [];
  const asked = [report.json, report.csv, report.markdown, report.html];
  const files = asked.filter((path) => path !== '' && path !== STANDARD_OUTPUT);
  for (const path of files) await attempt(path, () => mayWrite(path), problems);
  const { resultDir } = report;
  if (report.save) await attempt(resultDir, () => mayWriteIn(resultDir), problems);
  return problems;
}

/** Writes the reports that were asked for; returns a sentence for each that could not be. */
export async function writeReports(result: BenchResult, report: ReportSettings): Promise<string[]> {
  const json = `${JSON.stringify(result, null, 2)}\n`;
  const problems: string[] = [];
  const write = async (path: string, text: () => string) => {
    if (path !== '') await attempt(path, () => writeFile(path, text()), problems);
  };
  if (report.json === STANDARD_OUTPUT) process.stdout.write(json);
  else await write(report.json, () => json);
  await write(report.csv, () => csvText(result));
  await write(report.markdown, () => markdownText(result));
  await write(report.html, () => htmlText(result));
  if (report.save) {
    const stamp = result.date.replace(/[:.]/g, '-');
    await write(join(report.resultDir, report.resultName || `bench-${stamp}.json`), () => json);
  }
  return problems;
}

async function mayWrite(path: string): Promise<void> {
  try {
    // Neither makes it nor changes it.
    await (await open(path, 'r+')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mayWriteIn(dirname(path));
  }
}

async function mayWriteIn(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
}

async function attempt(
  path: string,
  deed: () => Promise<unknown>,
  problems: string[],
): Promise<void> {
  try {
    await deed();
  } catch (error) {
    problems.push(`cannot write ${path}: ${fileReason(error)}.`);
  }
}
