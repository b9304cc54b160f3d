/**
 * Runs every check and every test file and prints one line each for what passed, details for what
 * failed, and `N passed, N failed` as the very last line. Two run at a time: the machines of
 * continuous integration have two cores, and tests of streams measure time.
 *
 * A whole-process file that failed beside another runs once more, alone, and the second run counts;
 * the first is printed as UNSTEADY, never dropped (docs/decisions/0025-second-run.md).
 *
 * Arguments choose: a step's name, or a path whose test files should run; none = everything.
 */
import { existsSync, globSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { end, leftovers, MARK_NAME, markBelow } from './test-runner/leftovers.ts';
import { type Failure, type FileResult, runFile } from './test-runner/run-file.ts';
import { deservesSecondRun } from './test-runner/second-run.ts';
import { runStep, type Step, steps } from './test-runner/steps.ts';

const FILES = ['src', 'tools', 'test', 'bench'].map((folder) => `${folder}/**/*.test.ts`);
const AT_ONCE = 2;
const LIMITS = { timeoutMs: 180_000, graceMs: 2000 };

interface Totals {
  passed: number;
  failed: number;
}

const mark = markBelow(`${process.pid}`);
process.env[MARK_NAME] = mark;
process.chdir(resolve(import.meta.dirname, '..'));
process.exitCode = await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<number> {
  const all = steps();
  const chosenSteps = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const paths = wanted.filter((word) => !all.some(({ name }) => name === word));
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    const names = all.map(({ name }) => name).join(', ');
    console.error(`test.sh: no such path or step: ${missing.join(', ')}. The steps are ${names}.`);
    return 2;
  }
  const chosenFiles = wanted.length === 0 || paths.length > 0 ? testFiles(paths) : [];
  const totals: Totals = { passed: 0, failed: 0 };
  endOnSignal();
  await runSteps(chosenSteps, totals);
  await runFiles(chosenFiles, totals);
  checkLeftovers(totals);
  if (totals.passed + totals.failed === 0) {
    fail(totals, 'tests', 'nothing to run: no test file matches.');
  }
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
}

function testFiles(paths: readonly string[]): string[] {
  const roots = paths.map((path) => relative('.', resolve(path)));
  const below = (file: string) =>
    roots.some((root) => root === '' || file === root || file.startsWith(root + sep));
  return globSync(FILES)
    .filter((file) => roots.length === 0 || below(file))
    .sort();
}

async function runSteps(chosen: readonly Step[], totals: Totals): Promise<void> {
  await inParallel(chosen, async (step) => {
    const { name, ok, output, tookMs } = await runStep(step, LIMITS.timeoutMs);
    if (!ok) return fail(totals, name, output);
    totals.passed++;
    printLine('ok', name, seconds(tookMs));
  });
}

async function runFiles(files: readonly string[], totals: Totals): Promise<void> {
  const waiting = new Map<string, number>();
  for (const file of files) waiting.set(groupOf(file), (waiting.get(groupOf(file)) ?? 0) + 1);
  const done: FileResult[] = [];
  const again: FileResult[] = [];
  await inParallel(files, async (file) => {
    const result = await runFile(file, LIMITS);
    if (deservesSecondRun(result, again.length)) again.push(result);
    else countFile(result, totals);
    done.push(result);
    const group = groupOf(file);
    waiting.set(group, waiting.get(group)! - 1);
    if (waiting.get(group) === 0) printGroup(group, done);
  });
  for (const first of again) await runAlone(first, totals);
}

/** Counts a file's tests and prints what failed. */
function countFile({ file, passed, failures }: FileResult, totals: Totals): void {
  totals.passed += passed;
  for (const failure of failures) fail(totals, `${file}: ${failure.name}`, detailOf(failure));
}

async function runAlone(first: FileResult, totals: Totals): Promise<void> {
  for (const failure of first.failures) {
    print(`UNSTEADY  ${first.file}: ${failure.name}`, detailOf(failure));
  }
  const second = await runFile(first.file, LIMITS);
  countFile(second, totals);
  const verdict = second.failures.length === 0 ? 'ok' : 'FAIL';
  printLine(verdict, first.file, `${seconds(second.tookMs)}  alone, after it failed beside others`);
}

function detailOf({ place, detail }: Failure): string {
  return place === '' ? detail : `at ${relative('.', place)}\n${detail}`;
}

/** `src/core/retry/x.test.ts` → `src/core`; whole-process tests are one group each folder. */
function groupOf(file: string): string {
  const parts = file.split(sep);
  return parts.slice(0, Math.min(2, parts.length - 1)).join('/');
}

function printGroup(group: string, done: readonly FileResult[]): void {
  const results = done.filter(({ file }) => groupOf(file) === group);
  const sum = (of: (result: FileResult) => number) => results.reduce((n, r) => n + of(r), 0);
  const skipped = sum((result) => result.skipped);
  const failed = sum((result) => result.failures.length);
  const skippedText = skipped === 0 ? '' : `, ${skipped} skipped`;
  const failedText = failed === 0 ? '' : `, ${failed} failed`;
  const passed = `${sum((result) => result.passed)} passed${skippedText}${failedText}`;
  const took = seconds(sum((result) => result.tookMs));
  const files = results.length === 1 ? '1 file' : `${results.length} files`;
  printLine(failed === 0 ? 'ok' : 'FAIL', group, `${took}  ${passed} in ${files}`);
}

function checkLeftovers(totals: Totals): void {
  const behind = leftovers(mark);
  for (const { pid, command } of behind) fail(totals, `left process ${pid} behind`, command);
  end(behind);
}

function fail(totals: Totals, name: string, detail: string): void {
  totals.failed++;
  print(`FAIL  ${name}`, detail);
}

function print(title: string, detail: string): void {
  const indented = detail.split('\n').map((line) => `      ${line}`.trimEnd());
  console.log(`${title}\n${indented.join('\n')}`);
}

function printLine(verdict: string, name: string, rest: string): void {
  console.log(`${verdict.padEnd(5)} ${name.padEnd(18)} ${rest}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(7);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** An interrupted run leaves nothing behind either. */
function endOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      end(leftovers(mark));
      console.log(`test.sh: ended by ${signal}`);
      process.exit(1);
    });
  }
}
