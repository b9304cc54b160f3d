/** Reloading and rolling back: what would change is shown before it does. */
import { question, tell } from '../parts/dialog.tsx';
import { textNow } from '../text/text.ts';
import { ask } from './api.ts';

/** Shows the difference that a reload would make, and reloads when told to. */
export async function askReload(): Promise<void> {
  const { config, actions } = textNow();
  let diff: object;
  try {
    diff = await ask<object>('/admin/reload?dry_run=1', 'POST', {});
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

/** `added: x` for every list of the answer that is not empty, whatever it is called. */
function linesOf(answer: object): string[] {
  return Object.entries(answer).flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.map((item) => `${name}: ${textOf(item)}`);
    if (typeof value === 'object' && value !== null) return linesOf(value as object);
    return [];
  });
}

function textOf(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}
