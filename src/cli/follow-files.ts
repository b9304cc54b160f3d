/**
 * Follows the files of the configuration while the router runs: reloads when they change and on
 * SIGHUP. Invariants: an invalid main file changes nothing; the folder that is watched is the one
 * that the last valid main file names.
 */
import { type Loaded, type LoadOptions, loadAll } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { type Watcher, watchConfig } from '../config/watch.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import { Reloads } from '../control/reloads.ts';
import type { Logger } from '../observe/logger.ts';

interface Following {
  readonly options: LoadOptions;
  readonly control: ControlPlane;
  readonly log: Logger;
}

/** Starts from what was `loaded`; the result ends it. */
export function followFiles(file: string, loaded: Loaded, parts: Following): () => void {
  const { options, control, log } = parts;
  let { dir } = loaded;
  let watcher: Watcher;
  const reloads = new Reloads<Loaded>({
    load: () => loadAll(file, options),
    apply(next) {
      if (next.config === undefined) {
        const problems = next.problems.map(formatProblem);
        log.error({ problems }, 'the configuration is not valid; the one in use stays');
        return;
      }
      control.reload(next);
      if (next.dir === dir) return;
      dir = next.dir;
      watcher.close();
      watch();
    },
    onError: (error) => log.error({ reason: String(error) }, 'reloading failed'),
  });
  const request = () => reloads.request();
  const watch = () => {
    watcher = watchConfig({ dir, mainFile: file, onChange: request });
    // What changed between loading and watching would otherwise be missed.
    void watcher.ready.then(request);
  };
  watch();
  process.on('SIGHUP', request);
  return () => {
    watcher.close();
    reloads.stop();
  };
}
