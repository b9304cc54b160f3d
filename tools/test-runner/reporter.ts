/**
 * A node:test reporter that writes one JSON line a result, for the parent process to read. The
 * last line is the summary: a file that lacks it ended before its tests did.
 */

import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** One line of the report. */
export interface ReportLine {
  readonly kind: 'pass' | 'fail' | 'skip' | 'end';
  /** Names from the outermost suite to the test, joined by " > ". */
  readonly name: string;
  /** Where the test stands, `file:line`. */
  readonly place: string;
  /** The error with its stack; empty unless it failed. */
  readonly detail: string;
}

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:start') {
      path.length = event.data.nesting;
      path[event.data.nesting] = event.data.name;
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const line = lineOf(event, path);
      if (line !== undefined) yield `${JSON.stringify(line)}\n`;
    } else if (event.type === 'test:summary') {
      yield `${JSON.stringify({ kind: 'end', name: '', place: '', detail: '' })}\n`;
    }
  }
}

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

function lineOf({ type, data }: Result, path: readonly string[]): ReportLine | undefined {
  const error = type === 'test:fail' ? data.details.error : undefined;
  const isSuite = data.details.type === 'suite';
  // A suite counts only when it broke by itself (a hook, its body), not through its tests.
  const broken = error !== undefined && failureOf(error) !== 'subtestsFailed';
  if (isSuite && !broken) return undefined;
  const name = [...path.slice(0, data.nesting), data.name].join(' > ');
  const place = data.file === undefined ? '' : `${data.file}:${data.line ?? 0}`;
  if (data.skip !== undefined || data.todo !== undefined) {
    return { kind: 'skip', name, place, detail: String(data.skip ?? data.todo) };
  }
  if (error === undefined) return { kind: 'pass', name, place, detail: '' };
  return { kind: 'fail', name, place, detail: inspect(error.cause ?? error, { depth: 6 }) };
}

function failureOf(error: Error): string {
  return 'failureType' in error ? String(error.failureType) : '';
}
