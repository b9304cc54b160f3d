/** `llm-router bench compare BEFORE AFTER`: files, lists of files with commas, or folders. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareText, type Loads, loadsOf } from '../bench/compare/compare.ts';
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';

const USAGE = `llm-router bench compare BEFORE AFTER: what changed between two measurements.

BEFORE and AFTER are files that -json or -save-result wrote, lists of such files
(a.json,b.json), or folders of them. Runs of one load count as repetitions; with two
or more on each side (-repeat 5) differences come with 95 % confidence intervals.
`;

export function runBenchCompare(words: readonly string[]): number {
  if (words.some((word) => /^--?h(elp)?$/.test(word))) {
    process.stdout.write(USAGE);
    return EXIT_OK;
  }
  const [before, after] = words;
  if (before === undefined || after === undefined || words.length > 2) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  try {
    process.stdout.write(compareText(read(before), read(after)));
    return EXIT_OK;
  } catch (error) {
    process.stderr.write(`llm-router: ${error instanceof Error ? error.message : error}\n`);
    return EXIT_FAILURE;
  }
}

function read(word: string): Loads {
  const files = word.split(',').flatMap(filesAt);
  if (files.length === 0) throw new Error(`${word} holds no .json files.`);
  return loadsOf(files.map(readResult));
}

function filesAt(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(path, name));
}

function readResult(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  try {
    const result = JSON.parse(text) as { request_throughput?: unknown };
    if (typeof result.request_throughput === 'number') return result;
  } catch {
    // Said below.
  }
  throw new Error(`${path} is no result of a measurement: write one with -json FILE.`);
}
