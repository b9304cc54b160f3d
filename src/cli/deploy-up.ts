/** `llm-router deploy up`. Exit codes: 0 when every service is ready, else 1. */
import type { Plan } from '../deploy/plan.ts';
import { JsonLines, Panel, PlainLines, type Progress } from '../deploy/progress.ts';
import {
  isGood,
  type Outcome,
  planJson,
  planText,
  summaryJson,
  summaryText,
  unreachableLines,
} from '../deploy/report.ts';
import type { ServiceRun } from '../deploy/service-run.ts';
import type { Survey } from '../deploy/survey.ts';
import { counted } from '../deploy/table.ts';
import { deployUp, planUp, type UpParts, type UpResult } from '../deploy/up.ts';
import type { Session } from './deploy-session.ts';
import { EXIT_FAILURE, EXIT_OK } from './exit-codes.ts';

const DEFAULT_LOG_DIR = './log_dir';
const TICK_MS = 250;

export async function runDeployUp(session: Session): Promise<number> {
  return session.flags['dry-run'] === undefined ? up(session) : dryRun(session);
}

async function dryRun(session: Session): Promise<number> {
  const { plan, survey } = await planUp(session.fleet, session);
  write(session.flags.json === undefined ? planText(plan, survey) : planJson(plan, survey));
  const isFine = plan.problems.length === 0 && survey.unreachable.length === 0;
  return isFine ? EXIT_OK : EXIT_FAILURE;
}

async function up(session: Session): Promise<number> {
  const { fleet, flags } = session;
  if (flags.json === undefined) write(`Looking at ${counted(fleet.nodes.length, 'node')} …\n`);
  return watched(session, (parts) => deployUp(fleet, parts));
}

/** Starts services through `start` and shows how they come up. */
export async function watched(
  session: Session,
  start: (parts: UpParts) => Promise<UpResult>,
): Promise<number> {
  const { seconds, nowMs, signal, sleep, fetch, flags } = session;
  const progress = progressOf(session);
  const shown = new Watching(progress, nowMs);
  const result = await start({
    ...session,
    logDir: flags['log-dir'] ?? DEFAULT_LOG_DIR,
    drainMs: seconds.drainMs,
    onPlan: (plan, survey) => foretell(plan, survey, session),
    rollout: {
      ...{ fetch, nowMs, sleep, signal, random: Math.random, ...seconds },
      onBegin: (runs) => shown.begin(runs),
      onChange: (run) => progress.changed(run, nowMs()),
    },
  });
  shown.end();
  return conclude(session, { ...result, isInterrupted: signal.aborted });
}

/** Prints the summary of services that were started. */
function conclude(
  { flags, endpointsFile, nowMs }: Session,
  result: Omit<Outcome, 'endpointsFile' | 'nowMs'>,
): number {
  const outcome = { ...result, endpointsFile, nowMs: nowMs() };
  write(flags.json === undefined ? summaryText(outcome) : summaryJson(outcome));
  return isGood(outcome) ? EXIT_OK : EXIT_FAILURE;
}

/** What matters of a plan before it is carried out; JSON has it all in its summary. */
function foretell({ notes }: Plan, { unreachable }: Survey, { flags }: Session): void {
  if (flags.json !== undefined) return;
  const lines = [...unreachableLines(unreachable), ...notes.map((note) => `note: ${note}`)];
  for (const line of lines) write(`${line}\n`);
}

function progressOf({ flags, nowMs }: Session): Progress {
  if (flags.json !== undefined) return new JsonLines(write);
  const { stdout } = process;
  if (!stdout.isTTY || process.env.TERM === 'dumb') return new PlainLines(write, nowMs());
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  return new Panel({ write, size }, nowMs());
}

/** Has the runs drawn again and again while they go on. */
class Watching {
  readonly #progress: Progress;
  readonly #nowMs: () => number;
  #runs: readonly ServiceRun[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(progress: Progress, nowMs: () => number) {
    this.#progress = progress;
    this.#nowMs = nowMs;
  }

  /** Again for each node, when they go one after another. */
  begin(runs: readonly ServiceRun[]): void {
    this.end();
    this.#runs = runs;
    this.#timer = setInterval(() => this.#progress.tick(runs, this.#nowMs()), TICK_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#runs.length > 0) this.#progress.end(this.#runs, this.#nowMs());
  }
}

function write(text: string): void {
  process.stdout.write(text);
}
