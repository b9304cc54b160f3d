/**
 * Reloads, one after the other: reading the files, saying what would change, taking it over, and
 * going back to the version before.
 *
 * Invariants: what is applied last was read last, however many reasons to reload come at once (the
 * watcher, SIGHUP, the admin API, the end of the start): a reason that comes while files are being
 * read causes one more reading after that one. What is invalid changes nothing and is told until it
 * is mended. A rollback holds until the files change again or somebody asks for a reload.
 */
import {
  type ConfigDiff,
  type ConfigState,
  diffConfig,
  diffOptions,
  isEmptyDiff,
} from '../config/diff.ts';
import type { Loaded } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';

/** `refused`: the files are not valid, or could not be read; what was in use stays. */
export type ReloadOutcome = 'applied' | 'unchanged' | 'refused' | 'dry_run';

export interface ReloadResult {
  readonly outcome: ReloadOutcome;
  readonly diff: ConfigDiff;
  /** `file:line:column: sentence`. */
  readonly problems: readonly string[];
  /** Who asked: `files`, `SIGHUP`, `admin`, `rollback`. */
  readonly by: string;
}

export interface ReloadStatus {
  /** Counts the configurations that were in use since the start. */
  readonly version: number;
  readonly since_at_ms: number;
  /** The version before can be had again. */
  readonly can_roll_back: boolean;
  /** Since then the files say something that is not valid; null = they are as they are used. */
  readonly refused_at_ms: number | null;
  readonly refused: readonly string[];
  /** Options whose new value counts from the next start on. */
  readonly restart_needed: readonly string[];
  /** The files say something else, but an operator went back to the version before. */
  readonly held: boolean;
}

export interface ReloadParts {
  /** Reads and checks the files. */
  load(): Promise<Loaded>;
  /** What would count after `apply(loaded)`. */
  stateOf(loaded: Loaded): ConfigState;
  /** Takes it over. */
  apply(loaded: Loaded): void;
  onResult(result: ReloadResult): void;
  wallMs(): number;
}

const NO_CHANGE: ConfigDiff = {
  options: [],
  endpoints: { added: [], removed: [], changed: [] },
  names: [],
};

interface Version {
  readonly loaded: Loaded;
  readonly state: ConfigState;
}

interface Ask {
  readonly by: string;
  readonly dryRun: boolean;
}

export class Reloads {
  readonly #parts: ReloadParts;
  readonly #atStart: ConfigState;
  #current: Version;
  #previous: Version | undefined;
  /** What a rollback took out of use. */
  #undone: ConfigState | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** A reload that nobody waits for is asked for, and has not begun. */
  #requested = false;
  #stopped = false;
  #version = 1;
  #sinceMs: number;
  #refused: { readonly atMs: number; readonly problems: readonly string[] } | undefined;

  /** Starts from what is in use. */
  constructor(parts: ReloadParts, loaded: Loaded) {
    this.#parts = parts;
    this.#current = { loaded, state: parts.stateOf(loaded) };
    this.#atStart = this.#current.state;
    this.#sinceMs = parts.wallMs();
  }

  /** Asks for a reload; returns at once. */
  request(by: string): void {
    if (this.#requested) return;
    this.#requested = true;
    void this.#inTurn(() => {
      this.#requested = false;
      return this.#reload({ by, dryRun: false });
    });
  }

  /** Reloads in its turn. With `dryRun` the result says what would change, and nothing does. */
  reload({ by, dryRun = false }: { by: string; dryRun?: boolean }): Promise<ReloadResult> {
    return this.#inTurn(() => this.#reload({ by, dryRun }));
  }

  /** Goes back to the version before the present one; twice, and all is as it was. */
  rollback(by: string): Promise<ReloadResult> {
    return this.#inTurn(async () => {
      const target = this.#previous;
      if (target === undefined || this.#stopped) {
        return this.#tell(refusal(['there is no earlier version to go back to'], by));
      }
      this.#undone = this.#current.state;
      const state = this.#parts.stateOf(target.loaded);
      const diff = diffConfig(this.#current.state, state);
      this.#adopt({ loaded: target.loaded, state }, diff);
      return this.#tell({ outcome: 'applied', diff, problems: [], by });
    });
  }

  /** Nothing is applied from now on. */
  stop(): void {
    this.#stopped = true;
  }

  get status(): ReloadStatus {
    const options = diffOptions(this.#atStart.settings, this.#current.state.settings);
    return {
      version: this.#version,
      since_at_ms: this.#sinceMs,
      can_roll_back: this.#previous !== undefined,
      refused_at_ms: this.#refused?.atMs ?? null,
      refused: this.#refused?.problems ?? [],
      restart_needed: options.filter((one) => one.needsRestart).map(({ path }) => path),
      held: this.#undone !== undefined,
    };
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #reload(ask: Ask): Promise<ReloadResult> {
    let loaded: Loaded;
    try {
      loaded = await this.#parts.load();
    } catch (error) {
      return this.#refuse([`reading the files failed: ${String(error)}`], ask);
    }
    const problems = loaded.problems.map(formatProblem);
    if (loaded.config === undefined) return this.#refuse(problems, ask);
    const state = this.#parts.stateOf(loaded);
    const diff = diffConfig(this.#current.state, state);
    if (ask.dryRun) return { outcome: 'dry_run', diff, problems, by: ask.by };
    if (this.#stopped || this.#isHeld(state, ask)) {
      return { outcome: 'unchanged', diff: NO_CHANGE, problems, by: ask.by };
    }
    this.#refused = undefined;
    this.#undone = undefined;
    const outcome = isEmptyDiff(diff) ? 'unchanged' : 'applied';
    this.#adopt({ loaded, state }, diff);
    return this.#tell({ outcome, diff, problems, by: ask.by });
  }

  /** The watcher has seen nothing but what an operator has just undone. */
  #isHeld(next: ConfigState, { by }: Ask): boolean {
    if (this.#undone === undefined || by !== BY_FILES) return false;
    return isEmptyDiff(diffConfig(this.#undone, next));
  }

  #refuse(problems: readonly string[], { by, dryRun }: Ask): ReloadResult {
    const result = refusal(problems, by);
    // The thread that reads is ended with the process; that is no news about the files.
    if (dryRun || this.#stopped) return result;
    this.#refused = { atMs: this.#parts.wallMs(), problems };
    return this.#tell(result);
  }

  #adopt(version: Version, diff: ConfigDiff): void {
    this.#parts.apply(version.loaded);
    if (!isEmptyDiff(diff)) {
      this.#previous = this.#current;
      this.#version++;
      this.#sinceMs = this.#parts.wallMs();
    }
    this.#current = version;
  }

  #tell(result: ReloadResult): ReloadResult {
    this.#parts.onResult(result);
    return result;
  }
}

/** Who asks when files have changed. */
export const BY_FILES = 'files';

function refusal(problems: readonly string[], by: string): ReloadResult {
  return { outcome: 'refused', diff: NO_CHANGE, problems, by };
}
