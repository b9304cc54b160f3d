/**
 * Notices that configuration on disk has changed: created, changed, deleted, emptied, replaced by
 * rename, or swapped below a symbolic link as Kubernetes does with ConfigMaps (`..data`).
 *
 * Polling of stat signatures, because file events miss changes behind links, on network disks and
 * in overlay file systems. Invariant: a change is reported at most `pollMs + SETTLE_MS` after it,
 * once the files have been still for `debounceMs`; trouble with the disk is a state, never a throw.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the watcher needs of a file system; both never reject. */
export interface WatchFs {
  /** Names in a folder; empty when there is none. */
  list(dir: string): Promise<readonly string[]>;
  /** Changes whenever the thing at `path` may have changed; '' when there is nothing. */
  sign(path: string): Promise<string>;
}

/** Runs something later; the result cancels it. */
export type Schedule = (run: () => void, afterMs: number) => () => void;

export interface WatchOptions {
  /** Folder of the endpoint files; need not exist. */
  readonly dir: string;
  /** Watched besides, wherever they are. */
  readonly files: readonly string[];
  /** Must not throw. */
  readonly onChange: () => void;
  readonly pollMs?: number;
  readonly debounceMs?: number;
  readonly fs?: WatchFs;
  readonly schedule?: Schedule;
}

export interface Watcher {
  /** Settles when the first state is known: changes after that are noticed. */
  readonly ready: Promise<void>;
  close(): void;
}

/** A file that never stops changing is reported all the same after so long. */
const SETTLE_MS = 1000;

export function watchConfig(options: WatchOptions): Watcher {
  return new PollingWatcher(options);
}

class PollingWatcher implements Watcher {
  readonly ready: Promise<void>;
  readonly #options: Required<WatchOptions>;
  /** The state that the owner knows. */
  #reported = '';
  /** A newer state, waiting to stand still; '' = none. */
  #candidate = '';
  #unsettledMs = 0;
  #cancel: () => void = () => {};
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = {
      pollMs: 500,
      debounceMs: 200,
      fs: NODE_FS,
      schedule: scheduleUnref,
      ...options,
    };
    this.ready = this.#start();
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #start(): Promise<void> {
    this.#reported = await this.#look();
    this.#next(this.#options.pollMs);
  }

  #next(afterMs: number): void {
    if (this.#closed) return;
    this.#cancel = this.#options.schedule(() => void this.#poll(), afterMs);
  }

  async #poll(): Promise<void> {
    const { pollMs, debounceMs, onChange } = this.#options;
    const state = await this.#look();
    if (this.#closed) return;
    if (state === this.#reported) {
      this.#candidate = '';
      this.#unsettledMs = 0;
      this.#next(pollMs);
    } else if (state === this.#candidate || this.#unsettledMs >= SETTLE_MS) {
      this.#reported = state;
      this.#candidate = '';
      this.#unsettledMs = 0;
      this.#next(pollMs);
      onChange();
    } else {
      this.#candidate = state;
      this.#unsettledMs += debounceMs;
      this.#next(debounceMs);
    }
  }

  /** One text for the whole state on disk; never ''. */
  async #look(): Promise<string> {
    const { dir, files, fs } = this.#options;
    const names = (await fs.list(dir)).filter((name) => /\.ya?ml$/.test(name));
    const paths = [...new Set([...files, ...names.sort().map((name) => join(dir, name))])];
    const signatures = await Promise.all(paths.map((path) => fs.sign(path)));
    return JSON.stringify(paths.map((path, index) => [path, signatures[index]]));
  }
}

// Inode and change time catch a replacement that keeps size and modification time; the real path
// catches a swapped link whose targets look alike.
const NODE_FS: WatchFs = {
  list: (dir) => readdir(dir).catch(() => []),
  async sign(path) {
    try {
      const [found, real] = await Promise.all([stat(path, { bigint: true }), realpath(path)]);
      return `${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}:${real}`;
    } catch {
      return '';
    }
  },
};

function scheduleUnref(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs).unref();
  return () => clearTimeout(timer);
}
