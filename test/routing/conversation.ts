/** The conversation trace, or the one that TRACE names; without either the process ends. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTrace, slice, type Trace } from '../../src/simulate/trace.ts';

const FILE = join(import.meta.dirname, '../../../shared/data/traces/conversation_trace.jsonl');

/** The minutes of it that are asked for; says what it replays at `speed`. */
export function conversation(from: number, minutes: number, speed: number): Trace {
  const file = process.env.TRACE ?? FILE;
  if (!existsSync(file)) {
    console.log(`There is no ${file}: name a trace with TRACE=FILE.`);
    process.exit(0);
  }
  const whole = readTrace(readFileSync(file, 'utf8'));
  if (typeof whole === 'string') throw new Error(whole);
  const trace = slice(whole, from * 60_000, minutes * 60_000);
  console.log(`${trace.requests.length} requests, minutes ${from} to ${from + minutes}, ${speed}×`);
  return trace;
}
