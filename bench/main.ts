/**
 * `npm run bench`: CPU cost and latency of the router beside nginx, HAProxy and no proxy at all,
 * with the same backend and load, in alternating rounds in one run. Ratios within a round are what
 * to compare; absolute figures belong to the machine. Needs Linux (/proc); installs nothing.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { formatTable } from './measure/table.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { performancePage } from './performance-doc.ts';
import { stopAll } from './process/child.ts';
import { planPinning } from './process/pin.ts';
import { describeMachine, type Report, reportOf } from './report.ts';
import { Rig } from './rig.ts';
import { ALL_SCENARIOS } from './scenarios/all.ts';
import type { Figures, Run, Scenario } from './scenarios/scenario.ts';
import { direct } from './targets/direct.ts';
import { haproxy } from './targets/haproxy.ts';
import { nginx } from './targets/nginx.ts';
import { buildOfRouter, router } from './targets/router.ts';
import { routerBun } from './targets/router-bun.ts';
import type { Target } from './targets/target.ts';

const ALL_TARGETS: readonly Target[] = [router, routerBun, nginx, haproxy, direct];

async function main(options: Options, folder: string): Promise<Report> {
  const targets = presentTargets(options);
  const pinning = planPinning();
  const machine = describeMachine(targets, pinning);
  say(`${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}; ${pinning.description}`);
  const build = buildOfRouter();
  const rig = new Rig(pinning, options, folder);
  const tables: string[] = [];
  const results = new Map<string, Map<string, Figures[]>>();
  for (const scenario of ALL_SCENARIOS) {
    if (!options.scenarios.includes(scenario.name)) continue;
    const taking = targets.filter(({ name }) => scenario.targets.includes(name));
    const rounds = new Map(taking.map(({ name }): [string, Figures[]] => [name, []]));
    results.set(scenario.name, rounds);
    const count = Math.min(options.rounds, scenario.maxRounds);
    const startMs = performance.now();
    for (let round = 1; round <= count; round++) {
      for (const target of taking) {
        say(`${scenario.name}: round ${round} of ${count}, ${target.name}`);
        rounds.get(target.name)!.push(await measure(scenario, rig.runOf(target), options));
      }
    }
    say(`${scenario.name}: ${Math.round((performance.now() - startMs) / 1000)} s`);
    tables.push(...scenario.tabulate(rounds, options).map(formatTable));
  }
  process.stdout.write(`\n${tables.join('\n\n\n')}\n`);
  if (build !== buildOfRouter()) {
    failedRuns++;
    say('dist/ was built anew meanwhile: rounds of the router are not of one program');
  }
  return reportOf({ machine, options, results });
}

/**
 * A failed run is repeated once, since the machine may be to blame. A target that fails again keeps
 * its place in the table with empty cells, and the bench exits with 1.
 */
async function measure(scenario: Scenario, run: Run, options: Options): Promise<Figures> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    try {
      return await scenario.measure(run, options);
    } catch (error) {
      if (stopping) throw error;
      say(`  try ${tries}: ${error instanceof Error ? error.message : error}`);
    }
  }
  failedRuns++;
  return {};
}

function presentTargets(options: Options): Target[] {
  return ALL_TARGETS.filter((target) => {
    if (!options.targets.includes(target.name)) return false;
    const present = target.version() !== null;
    if (!present) say(`${target.name}: skipped, not installed or not built`);
    return present;
  });
}

/** Returns the exit code. */
function writePage(results: string): number {
  if (!existsSync(results)) {
    say(`${results} is not there: run npm run bench first`);
    return 1;
  }
  writeFileSync(PAGE, performancePage(JSON.parse(readFileSync(results, 'utf8')) as Report));
  say('written to docs/performance.md');
  return 0;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const PAGE = new URL('../docs/performance.md', import.meta.url);
const MAX_TRIES = 2;
let stopping = false;
let failedRuns = 0;

async function run(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    say(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.doc) return writePage(options.out);
  if (!existsSync('/proc/self/stat')) {
    say('the bench reads CPU times from /proc and runs on Linux only');
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'llm-router-bench-'));
  const cleanUp = async (): Promise<void> => {
    stopping = true;
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const report = await main(options, folder);
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
    say(`\nwritten to ${options.out}`);
    return failedRuns === 0 ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await cleanUp();
  }
}

process.exitCode = await run();
