/** What a reload leaves in the log: all that changed, or why nothing did. No secret is in it. */
import { isEmptyDiff } from '../config/diff.ts';
import type { Logger } from '../observe/logger.ts';
import type { FleetChange } from './fleet.ts';
import type { ReloadResult } from './reloads.ts';

/** A fleet that was replaced fills no screen. */
const MAX_LISTED = 50;

/** `restart`: the options that wait for the next start by now. */
export function logReload(log: Logger, result: ReloadResult, restart: readonly string[]): void {
  const { outcome, diff, problems, by } = result;
  if (outcome === 'refused') {
    log.error(
      { by, problems: cut(problems) },
      'the configuration is not valid; the one in use stays',
    );
    return;
  }
  if (isEmptyDiff(diff)) {
    log.debug({ by }, 'nothing in the configuration has changed');
    return;
  }
  const { options, endpoints, names } = diff;
  log.info(
    {
      by,
      options: cut(options.map(({ path, from, to }) => `${path}: ${text(from)} → ${text(to)}`)),
      added: cut(endpoints.added),
      removed: cut(endpoints.removed),
      changed: cut(
        endpoints.changed.map(({ id, fields }) => {
          const values = Object.entries(fields).map(
            ([key, { from, to }]) => `${key} ${text(from)} → ${text(to)}`,
          );
          return `${id}: ${values.join(', ')}`;
        }),
      ),
      names: cut(names.map(({ name, from, to }) => `${name}: ${text(from)} → ${text(to)}`)),
    },
    'the configuration has changed',
  );
  if (restart.length === 0 || !options.some((one) => one.needsRestart)) return;
  log.warn({ options: restart }, 'these options count only when the router starts again');
}

/** What became of the fleet. `started`: at the start the command line has shown the problems. */
export function logChange(log: Logger, change: FleetChange, started: boolean): void {
  const { epoch, published, added, removed, changed, rejected, problems, overtaken } = change;
  if (published) {
    const ids = { added: cut(added), removed: cut(removed), changed: cut(changed) };
    log.info({ epoch, ...ids }, 'route table');
  }
  for (const { id, what } of overtaken) {
    log.info({ endpoint: id, what }, 'a file has overtaken a change by the API');
  }
  if (rejected.length > 0) log.error({ rejected }, 'too many endpoints; these are left out');
  if (problems.length > 0 && started) log.warn({ problems }, 'problems in the configuration');
  else if (!published && overtaken.length === 0) {
    log.info('the configuration has no problems any more');
  }
}

function cut(lines: readonly string[]): readonly string[] {
  const rest = lines.length - MAX_LISTED;
  return rest <= 0 ? lines : [...lines.slice(0, MAX_LISTED), `… and ${rest} more`];
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
