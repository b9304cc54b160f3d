/**
 * Runs every fault at its full length, one after the other, and writes what was found to
 * docs/reliability.md and bench-results/faults.json. With words as arguments only faults with one
 * of them in their titles are run, and only the JSON is written. Exits 1 if a promise was missed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { assertBuilt, PROJECT } from '../fakes/built.ts';
import { BODIES } from './bodies.ts';
import { CANCELS } from './cancels.ts';
import { CRASH } from './crash.ts';
import { DESCRIPTORS } from './descriptors.ts';
import { ENDINGS } from './endings.ts';
import type { Fault, Finding } from './fault.ts';
import { inWords } from './fault.ts';
import { FROZEN } from './frozen.ts';
import { BAD_LINKS } from './links.ts';
import { OVERLOAD } from './overload.ts';
import { pageOf, type Result } from './page.ts';
import { SLOW_READERS } from './slow-readers.ts';
import { SLOWLORIS } from './slowloris.ts';
import { STALE } from './stale.ts';

const ALL: readonly Fault[] = [
  ...ENDINGS,
  ...STALE,
  ...CANCELS,
  ...SLOW_READERS,
  ...SLOWLORIS,
  ...DESCRIPTORS,
  ...FROZEN,
  ...CRASH,
  ...OVERLOAD,
  ...BODIES,
  ...BAD_LINKS,
];

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  assertBuilt();
  const chosen = ALL.filter(({ title }) => {
    return words.length === 0 || words.some((word) => title.includes(word));
  });
  if (chosen.length === 0) {
    console.error(`no fault has such a title: ${ALL.map(({ title }) => title).join(', ')}`);
    return 2;
  }
  const loadBefore = loadavg()[0]!;
  const results: Result[] = [];
  for (const fault of chosen) results.push(await observe(fault));
  const report = { machine: describeMachine(loadBefore), results };
  mkdirSync(join(PROJECT, 'bench-results'), { recursive: true });
  const json = JSON.stringify(report, null, 2);
  writeFileSync(join(PROJECT, 'bench-results', 'faults.json'), `${json}\n`);
  if (words.length === 0) writeFileSync(join(PROJECT, 'docs', 'reliability.md'), pageOf(report));
  const missed = results.flatMap(({ findings }) => findings.filter(({ passed }) => !passed));
  console.log(`${results.length} faults, ${missed.length} promises missed`);
  return missed.length === 0 ? 0 : 1;
}

async function observe(fault: Fault): Promise<Result> {
  const { title, provoked, seen } = fault;
  console.log(title);
  const startedMs = performance.now();
  const findings = await findingsOf(fault);
  const tookMs = Math.round(performance.now() - startedMs);
  for (const finding of findings) console.log(`  ${inWords(finding)}`);
  return { title, provoked, seen, tookMs, findings };
}

/** A run that breaks is a finding too. */
async function findingsOf(fault: Fault): Promise<readonly Finding[]> {
  try {
    return await fault.run('long');
  } catch (error) {
    console.error(error);
    const measured = String(error).split('\n')[0]!.slice(0, 200);
    return [{ what: 'the run', measured, limit: 'runs to its end', passed: false }];
  }
}

function describeMachine(loadBefore: number) {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadBefore,
    loadAfter: loadavg()[0]!,
  };
}
