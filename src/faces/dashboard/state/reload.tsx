/** Reloading and rolling back: what would change is shown before it does. */
import type { ReloadAnswer, ValueChange } from '../../../control/status.ts';
import { question, tell } from '../parts/dialog.tsx';
import { textNow } from '../text/text.ts';
import { ask } from './api.ts';

/** Shows the difference that a reload would make, and reloads when told to. */
export async function askReload(): Promise<void> {
  const { config, actions } = textNow();
  let diff: ReloadAnswer;
  try {
    diff = await ask<ReloadAnswer>('/admin/reload?dry_run=1', 'POST', {});
  } catch (error) {
    tell(actions.failed(config.reloadTitle, (error as Error).message), 'bad');
    return;
  }
  const lines = linesOf(diff);
  question.set({
    title: config.reloadTitle,
    subject: '',
    text: (
      <>
        <p>{lines.length === 0 ? config.reloadNothing : config.reloadAsk}</p>
        {lines.length > 0 && <pre class="dry-run">{lines.join('\n')}</pre>}
      </>
    ),
    go: config.reloadNow,
    act: () => void change('/admin/reload', config.reloadNow),
  });
}

export function askRollback(): void {
  const { config } = textNow();
  question.set({
    title: config.rollbackTitle,
    subject: '',
    text: config.rollbackAsk,
    go: config.rollbackNow,
    act: () => void change('/admin/rollback', config.rollbackNow),
  });
}

async function change(path: string, name: string): Promise<void> {
  const { actions } = textNow();
  try {
    await ask(path, 'POST', {});
    tell(actions.done(name));
  } catch (error) {
    tell(actions.failed(name, (error as Error).message), 'bad');
  }
}

/** A line for everything that changes. */
function linesOf({ options, endpoints, names, problems }: ReloadAnswer): string[] {
  const arrow = ({ from, to }: ValueChange) => `${JSON.stringify(from)} → ${JSON.stringify(to)}`;
  return [
    ...problems,
    ...options.map((one) => `~ ${one.path}: ${arrow(one)}${one.needs_restart ? ' (restart)' : ''}`),
    ...names.map((one) => `~ ${one.name}: ${arrow(one)}`),
    ...endpoints.added.map((id) => `+ ${id}`),
    ...endpoints.removed.map((id) => `− ${id}`),
    ...endpoints.changed.map(({ id, fields }) => {
      const words = Object.entries(fields).map(([key, change]) => `${key} ${arrow(change)}`);
      return `~ ${id}: ${words.join(', ')}`;
    }),
  ];
}
