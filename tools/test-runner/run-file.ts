/**
 * Runs one test file in a process of its own and counts what it did. The count never flatters:
 * a crash, a time-out, an early exit, a file without tests and a process left behind each count
 * as a failure of their own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, type Leftover, leftovers, MARK_NAME, markBelow } from './leftovers.ts';
import type { ReportLine } from './reporter.ts';

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
  readonly tookMs: number;
}

export interface Failure {
  readonly name: string;
  readonly place: string;
  readonly detail: string;
}

/** How a process ended, and what it said. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly output: string;
  readonly behind: readonly Leftover[];
}

const REPORTER = new URL('./reporter.ts', import.meta.url).href;
const POLL_MS = 25;
const MAX_OUTPUT = 65_536;

export interface Limits {
  readonly timeoutMs: number;
  /** Servers that were told to end get this long before they count as left behind. */
  readonly graceMs: number;
}

export async function runFile(file: string, limits: Limits): Promise<FileResult> {
  const startMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'llm-router-test-'));
  // Also when a signal ends the run in the middle of this file.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const reportPath = join(folder, 'report');
    const ending = await runProcess(file, reportPath, limits);
    const counted = count(readReport(reportPath), ending);
    return { file, ...counted, tookMs: performance.now() - startMs };
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function runProcess(file: string, report: string, limits: Limits): Promise<Ending> {
  const mark = markBelow(file);
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(
    process.execPath,
    [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${report}`, file],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment, [MARK_NAME]: mark } },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end([{ pid: child.pid!, command: '' }, ...leftovers(mark)]);
  }, limits.timeoutMs);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('exit', (...how) => resolve(how));
    child.on('error', (error) => {
      output += error.message;
      resolve([1, null]);
    });
  });
  clearTimeout(timer);
  const behind = await waitForLeftovers(mark, limits.graceMs);
  end(behind);
  child.stdout.destroy();
  child.stderr.destroy();
  return { code, signal, timedOut, output, behind };
}

/** What is still there after the grace. */
async function waitForLeftovers(mark: string, graceMs: number): Promise<Leftover[]> {
  const untilMs = performance.now() + graceMs;
  let behind = leftovers(mark);
  while (behind.length > 0 && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    behind = leftovers(mark);
  }
  return behind;
}

function readReport(path: string): ReportLine[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // A file that died early wrote none.
  }
  // Without its line break the last line may be half a line.
  const complete = text.split('\n').slice(0, -1);
  return complete.map((line) => JSON.parse(line) as ReportLine);
}

type Counts = Pick<FileResult, 'passed' | 'skipped' | 'failures'>;

/** From the report and the ending to the counts. */
function count(lines: readonly ReportLine[], ending: Ending): Counts {
  const passed = lines.filter(({ kind }) => kind === 'pass').length;
  const skipped = lines.filter(({ kind }) => kind === 'skip').length;
  const failures: Failure[] = lines.filter(({ kind }) => kind === 'fail');
  const fault = faultOf(lines, ending, failures.length);
  if (fault !== '') failures.push({ name: fault, place: '', detail: ending.output.trim() });
  for (const { pid, command } of ending.behind) {
    failures.push({ name: `left process ${pid} behind`, place: '', detail: command });
  }
  return { passed, skipped, failures };
}

function faultOf(lines: readonly ReportLine[], ending: Ending, failed: number): string {
  if (ending.timedOut) return 'the file did not end in time';
  if (ending.signal !== null) return `the file was ended by ${ending.signal}`;
  if (!lines.some(({ kind }) => kind === 'end')) {
    return `the file has no tests, or ended with code ${ending.code} before they did`;
  }
  if (ending.code !== 0 && failed === 0) return `the file ended with code ${ending.code}`;
  return '';
}
