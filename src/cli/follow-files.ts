/**
 * Follows the files of the configuration while the router runs: asks for a reload when they change
 * and on SIGHUP. Invariant: what is watched is what the last valid main file names.
 */
import type { Loaded } from '../config/load.ts';
import { type Watcher, watchConfig } from '../config/watch.ts';
import { BY_FILES, type Reloads } from '../control/reloads.ts';

export interface Following {
  /** These files count from now on. */
  follow(loaded: Loaded): void;
  stop(): void;
}

/** Starts from what was `loaded`. */
export function followFiles(mainFile: string, loaded: Loaded, reloads: Reloads): Following {
  let watched = '';
  let watcher: Watcher | undefined;
  const request = () => reloads.request(BY_FILES);
  const follow = ({ dir, files }: Loaded) => {
    const now = JSON.stringify([dir, files]);
    if (now === watched) return;
    watched = now;
    watcher?.close();
    watcher = watchConfig({ dir, files: [mainFile, ...files], onChange: request });
    // What changed between loading and watching would otherwise be missed.
    void watcher.ready.then(request);
  };
  follow(loaded);
  process.on('SIGHUP', () => reloads.request('SIGHUP'));
  return {
    follow,
    stop() {
      watcher?.close();
      reloads.stop();
    },
  };
}
