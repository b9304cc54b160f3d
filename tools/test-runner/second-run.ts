/**
 * Which failed files run once more, alone (docs/decisions/0025-second-run.md). Whole-process tests
 * only: their routers, engines and browsers share two cores with another file's. A unit test has
 * its clock injected, so a failure of it is a fault; and when many files fail, it is the product.
 */
import { sep } from 'node:path';
import type { FileResult } from './run-file.ts';

const WHOLE_PROCESS = `test${sep}`;
const MAX_FILES = 2;

/** Whether this file may run again when `already` others of this run will. */
export function deservesSecondRun(result: FileResult, already: number): boolean {
  const failed = result.failures.length > 0;
  return failed && result.file.startsWith(WHOLE_PROCESS) && already < MAX_FILES;
}
