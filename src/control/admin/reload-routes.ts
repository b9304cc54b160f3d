/** Reloading the configuration and going back to the version before, with what that changes. */
import { jsonReply, type OperatorReply, type OperatorRoute } from '../operator-route.ts';
import type { ReloadResult, Reloads } from '../reloads.ts';
import type { ReloadAnswer } from '../status.ts';

export interface ReloadControls {
  readonly reloads: Pick<Reloads, 'reload' | 'rollback' | 'status'>;
}

/** The configuration is as it is; what was asked for cannot be done with it. */
const CONFLICT = 409;
const INVALID = 422;
const BY = 'admin';

export function reloadRoutes({ reloads }: ReloadControls): OperatorRoute[] {
  return [
    {
      method: 'POST',
      path: '/admin/reload',
      summary: 'Reads the files anew and says what changed; with dry_run=1 what would change.',
      query: { dry_run: '1 = change nothing' },
      async handle({ query }) {
        const dryRun = ['1', 'true'].includes(query.get('dry_run') ?? '');
        const result = await reloads.reload({ by: BY, dryRun });
        return reply(result, reloads, INVALID);
      },
    },
    {
      method: 'POST',
      path: '/admin/rollback',
      summary: 'Goes back to the configuration before; it holds until the files change.',
      handle: async () => reply(await reloads.rollback(BY), reloads, CONFLICT),
    },
    {
      method: 'GET',
      path: '/admin/reload',
      summary: 'Which configuration counts, since when, and what keeps a newer one from it.',
      handle: () => jsonReply(200, reloads.status),
    },
  ];
}

function reply(
  { outcome, diff, problems }: ReloadResult,
  { status }: ReloadControls['reloads'],
  refused: number,
): OperatorReply {
  const { options, endpoints, names } = diff;
  const answer: ReloadAnswer = {
    outcome,
    problems,
    options: options.map(({ path, from, to, needsRestart }) => {
      return { path, from, to, needs_restart: needsRestart };
    }),
    endpoints,
    names,
  };
  return jsonReply(outcome === 'refused' ? refused : 200, { ...answer, status });
}
