/** The result file: what ran where, every round's figures, and their spread. */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { type Spread, spreadOf } from './measure/stats.ts';
import type { Options } from './options.ts';
import type { Pinning } from './process/pin.ts';
import type { Figures } from './scenarios/scenario.ts';
import type { Target } from './targets/target.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Load average of the minute before the run: others at work blur every figure. */
  readonly loadBefore: number;
  readonly pinning: Pinning;
  readonly versions: Readonly<Record<string, string>>;
}

export interface TargetReport {
  readonly rounds: readonly Figures[];
  readonly summary: Readonly<Record<string, Spread | null>>;
  /** Median of the ratios to nginx, formed round by round; null without nginx. */
  readonly timesNginx: Readonly<Record<string, Spread | null>>;
}

export interface Report {
  readonly format: 1;
  readonly at: string;
  readonly machine: Machine;
  readonly options: Options;
  readonly scenarios: Readonly<Record<string, Readonly<Record<string, TargetReport>>>>;
}

export function describeMachine(targets: readonly Target[], pinning: Pinning): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
    pinning,
    versions: Object.fromEntries(targets.map((target) => [target.name, target.version() ?? ''])),
  };
}

export function reportOf(run: {
  machine: Machine;
  options: Options;
  results: ReadonlyMap<string, ReadonlyMap<string, readonly Figures[]>>;
}): Report {
  const scenarios: Record<string, Record<string, TargetReport>> = {};
  for (const [scenario, targets] of run.results) {
    const nginx = targets.get('nginx') ?? [];
    scenarios[scenario] = Object.fromEntries(
      [...targets].map(([target, rounds]) => [target, targetReport(rounds, nginx)]),
    );
  }
  const { machine, options } = run;
  return { format: 1, at: new Date().toISOString(), machine, options, scenarios };
}

function targetReport(rounds: readonly Figures[], nginx: readonly Figures[]): TargetReport {
  const names = [...new Set(rounds.flatMap((figures) => Object.keys(figures)))];
  const spread = (of: (round: number, name: string) => number | null) =>
    Object.fromEntries(
      names.map((name) => [name, spreadOf(rounds.map((_, round) => of(round, name)))]),
    );
  const own = (round: number, name: string) => rounds[round]?.[name] ?? null;
  return {
    rounds,
    summary: spread(own),
    timesNginx: spread((round, name) => {
      const base = nginx[round]?.[name];
      const value = own(round, name);
      return base && value !== null ? value / base : null;
    }),
  };
}
