/**
 * The old files of a log: moving the present one away under the time of that moment, and removing
 * those that are too many or too old. Invariant: only names of exactly our shape are removed, and
 * no backup is ever overwritten.
 */
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Files } from './files.ts';

export interface RotationRules {
  /** Size beyond which a file is moved away. */
  readonly maxBytes: number;
  /** Backups kept, and for how long; 0 = no limit. */
  readonly maxBackups: number;
  readonly maxAgeMs: number;
}

export interface LogBackupsParts {
  readonly path: string;
  readonly rules: RotationRules;
  readonly files: Files;
  readonly clock: Clock;
}

const LOOK_MS = 3_600_000;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/;
const SUFFIX = '.log';

export class LogBackups {
  readonly #parts: LogBackupsParts;
  readonly #folder: string;
  readonly #prefix: string;
  #lookAtMs = 0;

  constructor(parts: LogBackupsParts) {
    this.#parts = parts;
    this.#folder = dirname(parts.path);
    this.#prefix = `${basename(parts.path, SUFFIX)}-`;
  }

  async moveAway(): Promise<void> {
    const { path, files, clock } = this.#parts;
    const taken = new Set(await files.list(this.#folder));
    let atMs = clock.nowMs();
    while (taken.has(this.#nameAt(atMs))) atMs++;
    await files.rename(path, join(this.#folder, this.#nameAt(atMs)));
    this.#lookAtMs = 0;
  }

  /** Looks after each rotation and once an hour; what cannot be removed stays until then. */
  async removeOld(): Promise<void> {
    const { files, clock, rules } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + LOOK_MS;
    const oldest = rules.maxAgeMs === 0 ? '' : this.#nameAt(nowMs - rules.maxAgeMs);
    try {
      const names = (await files.list(this.#folder)).filter((name) => this.#isBackup(name));
      const newestFirst = names.sort().reverse();
      for (const [index, name] of newestFirst.entries()) {
        const surplus = rules.maxBackups > 0 && index >= rules.maxBackups;
        if (surplus || name < oldest) await files.remove(join(this.#folder, name));
      }
    } catch {
      // A backup too many is no reason to stop writing.
    }
  }

  #isBackup(name: string): boolean {
    if (!name.startsWith(this.#prefix) || !name.endsWith(SUFFIX)) return false;
    return STAMP.test(name.slice(this.#prefix.length, -SUFFIX.length));
  }

  #nameAt(ms: number): string {
    const stamp = new Date(ms).toISOString().replaceAll(':', '-').slice(0, -1);
    return `${this.#prefix}${stamp}${SUFFIX}`;
  }
}
