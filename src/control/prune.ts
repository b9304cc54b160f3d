/**
 * Takes endpoints that failed their first probe after the start out of the endpoint files
 * (`health_check.prune_unhealthy_on_start`). The watcher sees the change like any other.
 *
 * Invariants: nothing is taken out when nothing at all is healthy (then rather the network is
 * broken), nor what has come up meanwhile; the old text of a file stays in a copy beside it; all
 * other bytes of the file stay as they are.
 */
import { removeEndpoints } from '../config/edit-endpoints.ts';
import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import type { Env } from '../config/references.ts';
import { backupStamp, type Edit } from '../config/write-file.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import type { Logger } from '../observe/logger.ts';

export interface PruneParts {
  /** What the files said at the start. */
  readonly entries: readonly EndpointEntry[];
  readonly env: Env;
  endpoints(): readonly EndpointSpec[];
  /** Whether each probe of an endpoint succeeded, the first one first. */
  probesOf(spec: EndpointSpec): readonly { readonly up: boolean }[];
  readonly changeFile: (file: string, edit: Edit, stamp: string) => Promise<boolean>;
  readonly wait: (ms: number) => Promise<void>;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const LOOK_MS = 250;
/** Thousands of dead endpoints, each of which takes its whole time, are probed by then. */
const PATIENCE_MS = 300_000;

/** Waits for the first probe of every endpoint; resolves when the files are changed. */
export async function pruneUnhealthy(parts: PruneParts): Promise<void> {
  const { entries, log } = parts;
  const probed = await firstProbes(parts);
  const failed = new Set<string>();
  for (const [id, results] of probed) {
    if (results.every(({ up }) => !up)) failed.add(id);
  }
  if (failed.size === 0) return;
  if (failed.size === probed.size) {
    log.warn('no endpoint is healthy; none is taken out of the files');
    return;
  }
  const byFile = Map.groupBy(
    entries.filter(({ id }) => failed.has(id)),
    ({ place }) => place.file,
  );
  const stamp = backupStamp(parts.now());
  for (const [file, gone] of byFile) {
    const ids = new Set(gone.map(({ id }) => id));
    await pruneFile({ file, ids, stamp }, parts);
  }
}

type Probes = Map<string, readonly { readonly up: boolean }[]>;

async function firstProbes(parts: PruneParts): Promise<Probes> {
  const wanted = new Set(parts.entries.map(({ id }) => id));
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const watched = parts
      .endpoints()
      .filter(({ id, own }) => wanted.has(id) && own?.probed !== false);
    const probes: Probes = new Map(watched.map((spec) => [spec.id, parts.probesOf(spec)]));
    const open = [...probes.values()].filter((results) => results.length === 0).length;
    if (open === 0 || waitedMs >= PATIENCE_MS) {
      for (const [id, results] of probes) if (results.length === 0) probes.delete(id);
      return probes;
    }
    await parts.wait(LOOK_MS);
  }
}

interface Target {
  readonly file: string;
  readonly ids: ReadonlySet<string>;
  readonly stamp: string;
}

async function pruneFile({ file, ids, stamp }: Target, parts: PruneParts): Promise<void> {
  const { env, log } = parts;
  let problems: readonly Problem[] = [];
  const edit: Edit = (text) => {
    const edited = removeEndpoints(text, ({ id }) => ids.has(id), { file, env });
    problems = edited.problems;
    return edited.value;
  };
  const removed = [...ids];
  try {
    if (await parts.changeFile(file, edit, stamp)) {
      const backup = `${file}.${stamp}.bak`;
      log.warn({ file, removed, backup }, 'took endpoints that failed their first probe out');
    } else {
      const said = { file, endpoints: removed, problems: problems.map(formatProblem) };
      log.warn(said, 'endpoints that failed their first probe stay in the file');
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ file, reason }, 'a file with endpoints that failed cannot be changed');
  }
}
