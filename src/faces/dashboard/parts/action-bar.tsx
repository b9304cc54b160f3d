/** What can be done to an endpoint, as buttons; each shows its key. */
import { useEffect } from 'preact/hooks';
import type { EndpointRow } from '../../../control/status.ts';
import { ACTION_KEYS, ACTIONS, actionOfKey, isUseful, request } from '../state/actions.ts';
import { useText } from '../text/text.ts';

export function ActionBar({ row }: { readonly row: EndpointRow }) {
  const { actions } = useText();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as Element;
      if (target.closest?.('input, select, textarea, dialog') != null) return;
      const action = actionOfKey(event.key);
      if (action === undefined || !isUseful(action, row)) return;
      event.preventDefault();
      request(action, row);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [row]);
  return (
    <div class="actions" role="toolbar" aria-label={actions.title}>
      {ACTIONS.map((action) => (
        <button
          key={action}
          type="button"
          disabled={!isUseful(action, row)}
          aria-keyshortcuts={ACTION_KEYS[action]}
          onClick={() => request(action, row)}
        >
          {actions[action]}
          <kbd aria-hidden="true">{ACTION_KEYS[action]}</kbd>
        </button>
      ))}
    </div>
  );
}
