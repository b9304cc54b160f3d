/** What the keys do. */
import { ACTION_KEYS, ACTIONS } from '../state/actions.ts';
import { helpOpen } from '../state/keys.ts';
import { PAGES } from '../state/place.ts';
import { useText } from '../text/text.ts';
import { Modal } from './dialog.tsx';

export function KeyboardHelp() {
  const { help, actions } = useText();
  const close = () => helpOpen.set(false);
  return (
    <Modal title={help.title} onClose={close}>
      <div class="keys">
        <Keys
          title={help.everywhere}
          rows={[
            ['/', help.search],
            ['?', help.help],
            [`1 … ${PAGES.length}`, help.pages],
            ['t', help.theme],
            ['l', help.language],
            ['Esc', help.back],
          ]}
        />
        <Keys
          title={help.inTables}
          rows={[
            ['↓ ↑ j k', help.move],
            ['Enter', help.open],
          ]}
        />
        <Keys
          title={help.onEndpoint}
          rows={ACTIONS.map((action) => [ACTION_KEYS[action], actions[action]])}
        />
      </div>
    </Modal>
  );
}

interface KeysProps {
  readonly title: string;
  readonly rows: readonly (readonly [keys: string, text: string])[];
}

function Keys({ title, rows }: KeysProps) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([keys, text]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (key === '…' ? ' … ' : <kbd key={key}>{key}</kbd>))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
