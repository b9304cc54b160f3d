/** Questions before something is changed, and short news afterwards. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Cell, useCell } from '../state/cell.ts';
import { useText } from '../text/text.ts';
import { Icon } from './icons.tsx';

interface ModalProps {
  readonly title: string;
  readonly children: ComponentChildren;
  onClose(): void;
}

/** The browser's own dialog: it keeps the focus, and Escape closes it. */
export function Modal({ title, children, onClose }: ModalProps) {
  const { actions } = useText();
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={box} class="modal" aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-label={actions.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

export interface Question {
  readonly title: string;
  readonly subject: string;
  readonly text: ComponentChildren;
  readonly go: string;
  /** A number to be given with the answer. */
  readonly number?: { readonly label: string; readonly value: number; readonly hint: string };
  act(number: number): void;
}

export const question = new Cell<Question | undefined>(undefined);

export function QuestionDialog() {
  const asked = useCell(question);
  const { actions } = useText();
  const input = useRef<HTMLInputElement>(null);
  if (asked === undefined) return null;
  const close = () => question.set(undefined);
  const submit = (event: Event) => {
    event.preventDefault();
    close();
    asked.act(Number(input.current?.value ?? 0));
  };
  return (
    <Modal title={asked.title} onClose={close}>
      <form onSubmit={submit}>
        {asked.subject !== '' && <p class="subject">{asked.subject}</p>}
        <div class="prose">{asked.text}</div>
        {asked.number && (
          <label class="field">
            {asked.number.label}
            <input
              ref={input}
              type="number"
              min="0.000001"
              max="1000000"
              step="any"
              required
              autofocus
              value={asked.number.value}
            />
            <small>{asked.number.hint}</small>
          </label>
        )}
        <p class="small">{actions.audited}</p>
        <footer>
          <button type="button" onClick={close}>
            {actions.cancel}
          </button>
          <button type="submit" class="primary" autofocus={asked.number === undefined}>
            {asked.go}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

interface News {
  readonly text: string;
  readonly tone: 'good' | 'bad';
}

const news = new Cell<News | undefined>(undefined);
const NEWS_MS = 6000;
let newsTimer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string, tone: News['tone'] = 'good'): void {
  news.set({ text, tone });
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => news.set(undefined), NEWS_MS);
}

export function NewsLine() {
  const current = useCell(news);
  return (
    <div class="news" role="status" aria-live="polite">
      {current && <p class={current.tone}>{current.text}</p>}
    </div>
  );
}
