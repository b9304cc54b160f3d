/**
 * `llm-router simulate`: which strategy would serve this traffic best? Replays a trace in virtual
 * time and prints the strategies side by side. Exit codes: 0, 1 a file cannot be used, 2 usage.
 */
import { readFile } from 'node:fs/promises';
import { STRATEGY_NAMES } from '../core/strategy.ts';
import { compare } from '../simulate/comparison.ts';
import { comparisonText } from '../simulate/comparison-text.ts';
import { DEFAULT_PROFILE, type EngineProfile } from '../simulate/engine-profile.ts';
import { readProfile } from '../simulate/profile-file.ts';
import { ORACLE } from '../simulate/replay.ts';
import { readTrace, slice, type Trace } from '../simulate/trace.ts';
import { EXIT_FAILURE, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';

type Flags = Readonly<Record<string, string>>;

const KNOWN: readonly string[] = [...STRATEGY_NAMES, ORACLE];
const DEFAULT_SEEDS = 5;
const DEFAULT_ENGINES = 8;

interface Job {
  readonly trace: Trace;
  readonly profile: EngineProfile;
  readonly speeds: readonly number[];
  readonly strategies: readonly string[];
  readonly seeds: number;
}

export async function runSimulate(flags: Flags): Promise<number> {
  const usage = usageProblem(flags);
  if (usage !== '') {
    process.stderr.write(`llm-router simulate: ${usage}\n`);
    return EXIT_USAGE;
  }
  const job = await readJob(flags);
  if (typeof job === 'string') {
    process.stderr.write(`llm-router simulate: ${job}\n`);
    return EXIT_FAILURE;
  }
  const { trace, profile, speeds, strategies, seeds } = job;
  const rows = compare({ trace, profile, speeds }, strategies, seeds);
  if (flags.json === 'true') {
    const requests = trace.requests.length;
    const result = { requests, endpoints: speeds.length, seeds, profile, strategies: rows };
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  } else {
    const seconds = Math.ceil(trace.requests.at(-1)!.atMs / 1000);
    process.stdout.write(
      `${trace.requests.length} requests in ${seconds} s, ${speeds.length} engines, ` +
        `${seeds} seeds; ± is the 95 % interval of the mean.\n\n${comparisonText(rows)}`,
    );
  }
  return EXIT_OK;
}

/** A sentence, or '' when the flags make sense. */
function usageProblem(flags: Flags): string {
  if (flags.trace === undefined) return 'name a trace: --trace FILE.';
  for (const name of ['endpoints', 'seeds', 'minutes']) {
    const value = flags[name];
    if (value !== undefined && !/^[1-9]\d{0,3}$/.test(value)) {
      return `--${name} takes a whole number from 1 to 9999, not "${value}".`;
    }
  }
  if (flags.from !== undefined && !/^\d{1,6}$/.test(flags.from)) {
    return `--from takes whole minutes, not "${flags.from}".`;
  }
  const unknown = strategiesOf(flags).find((name) => !KNOWN.includes(name));
  if (unknown === undefined) return '';
  return `there is no strategy "${unknown}"; known are ${KNOWN.join(', ')}.`;
}

function strategiesOf(flags: Flags): readonly string[] {
  return flags.strategy === undefined ? KNOWN : flags.strategy.split(',').map((s) => s.trim());
}

/** The job, or a sentence that says which file cannot be used and why. */
async function readJob(flags: Flags): Promise<Job | string> {
  const file = flags.trace!;
  const text = await textOf(file);
  if (text instanceof Error) return `cannot read ${file}: ${text.message}`;
  const whole = readTrace(text);
  if (typeof whole === 'string') return `${file}: ${whole}`;
  const from = Number(flags.from ?? 0) * 60_000;
  const minutes = flags.minutes === undefined ? Number.POSITIVE_INFINITY : Number(flags.minutes);
  const trace = slice(whole, from, minutes * 60_000);
  if (trace.requests.length === 0) return `${file}: no request in that part of the trace`;
  let profile: EngineProfile = DEFAULT_PROFILE;
  if (flags.engine !== undefined) {
    const profileText = await textOf(flags.engine);
    if (profileText instanceof Error) return `cannot read ${flags.engine}: ${profileText.message}`;
    const read = readProfile(profileText);
    if (typeof read === 'string') return `${flags.engine}: ${read}`;
    profile = read;
  }
  const engines = Number(flags.endpoints ?? DEFAULT_ENGINES);
  return {
    trace,
    profile,
    speeds: new Array<number>(engines).fill(1),
    strategies: strategiesOf(flags),
    seeds: Number(flags.seeds ?? DEFAULT_SEEDS),
  };
}

async function textOf(file: string): Promise<string | Error> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return error as Error;
  }
}
