/**
 * The configuration that counts now, and how another one comes into force: options first, then the
 * route table that may need them. Invariant: what only counts at a start keeps its value.
 */
import { liveConfig } from '../config/at-start.ts';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../observe/logger.ts';
import type { Fleet } from './fleet.ts';
import { logReload } from './reload-log.ts';
import { type ReloadResult, Reloads } from './reloads.ts';

/** What others do about a configuration; the control plane is told this. */
export interface ConfigHooks {
  /** Reads and checks the files. */
  readonly load: () => Promise<Loaded>;
  /** What workers are told for a configuration. */
  readonly workerOptions: (config: Config) => object;
  /** Options have changed: the planes know, others may want to. */
  readonly onConfig: (config: Config, before: Config) => void;
  /** These files count from now on. */
  readonly onLoaded: (loaded: Loaded) => void;
}

export interface ForceParts {
  readonly atStart: Config;
  readonly hooks: ConfigHooks;
  readonly log: Logger;
  fleet(): Pick<Fleet, 'apply' | 'stateOf'>;
  configureWorkers(options: object): void;
  /** Problems to show until they are mended. */
  onProblems(problems: readonly string[]): void;
}

export class ConfigInForce {
  readonly #parts: ForceParts;
  /** The options as they count. */
  now: Config;
  /** What the files said when they were last good; there from `begin` on. */
  loaded!: Loaded;
  /** There from `begin` on. */
  reloads!: Reloads;

  constructor(parts: ForceParts) {
    this.#parts = parts;
    this.now = parts.atStart;
  }

  /** The first configuration, which `atStart` is part of. */
  begin(loaded: Loaded): void {
    this.loaded = loaded;
    this.#parts.fleet().apply(loaded);
    const parts = {
      load: this.#parts.hooks.load,
      stateOf: (next: Loaded) => this.#parts.fleet().stateOf(next),
      apply: (next: Loaded) => this.#take(next),
      onResult: (result: ReloadResult) => this.#note(result),
      wallMs: Date.now,
    };
    this.reloads = new Reloads(parts, loaded);
  }

  #take(loaded: Loaded): void {
    const { atStart, hooks, configureWorkers, fleet } = this.#parts;
    const before = this.now;
    this.loaded = loaded;
    this.now = liveConfig(atStart, loaded.config!);
    if (JSON.stringify(before) !== JSON.stringify(this.now)) {
      hooks.onConfig(this.now, before);
      configureWorkers(hooks.workerOptions(this.now));
    }
    fleet().apply(loaded);
    hooks.onLoaded(loaded);
  }

  #note(result: ReloadResult): void {
    const { refused, restart_needed: restart } = this.reloads.status;
    logReload(this.#parts.log, result, restart);
    this.#parts.onProblems(refused.length > 0 ? refused : result.problems);
  }
}
