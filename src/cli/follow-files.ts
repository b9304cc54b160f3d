/**
 * Follows the files of the configuration while the router runs: asks for a reload when they change
 * and on SIGHUP, and reads them on a thread of their own. Invariant: what is watched is what the
 * last valid main file names.
 */
import type { Loaded, LoadOptions } from '../config/load.ts';
import { LoadThread } from '../config/load-thread.ts';
import { type Watcher, watchConfig } from '../config/watch.ts';
import { BY_FILES, type Reloads } from '../control/reloads.ts';

export class FollowedFiles {
  readonly #mainFile: string;
  readonly #options: LoadOptions;
  readonly #thread: LoadThread;
  #reloads: Reloads | undefined;
  #watched = '';
  #watcher: Watcher | undefined;

  /** `workerUrl`: where the entry of the workers is, beside which the loader's lies. */
  constructor(mainFile: string, options: LoadOptions, workerUrl: URL) {
    this.#mainFile = mainFile;
    this.#options = options;
    const fromSource = workerUrl.pathname.endsWith('.ts');
    const url = fromSource ? '../config/loader.ts' : './loader.js';
    this.#thread = new LoadThread(new URL(url, workerUrl));
  }

  load(): Promise<Loaded> {
    return this.#thread.load(this.#mainFile, this.#options);
  }

  /** Begins with what was `loaded`. */
  start(loaded: Loaded, reloads: Reloads): void {
    this.#reloads = reloads;
    this.follow(loaded);
    process.on('SIGHUP', () => reloads.request('SIGHUP'));
  }

  /** These files count from now on. */
  follow({ dir, files }: Loaded): void {
    const now = JSON.stringify([dir, files]);
    if (this.#reloads === undefined || now === this.#watched) return;
    this.#watched = now;
    this.#watcher?.close();
    const onChange = () => this.#reloads?.request(BY_FILES);
    this.#watcher = watchConfig({ dir, files: [this.#mainFile, ...files], onChange });
    // What changed between loading and watching would otherwise be missed.
    void this.#watcher.ready.then(onChange);
  }

  stop(): void {
    this.#watcher?.close();
    this.#reloads?.stop();
    this.#thread.close();
  }
}
