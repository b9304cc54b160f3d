/** The keyboard, wherever the focus is; letters typed into a field are left alone. */
import { Cell } from './cell.ts';
import { goTo, hashOf, PAGES, place } from './place.ts';
import { nextTheme, otherLanguage } from './prefs.ts';

export const helpOpen = new Cell(false);

/** Returns what ends the listening. */
export function listenToKeys(): () => void {
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const number = Number(event.key);
  if (event.key === '/') focusSearch();
  else if (event.key === '?') helpOpen.set(true);
  else if (event.key === 't') nextTheme();
  else if (event.key === 'l') otherLanguage();
  else if (number >= 1 && number <= PAGES.length) goTo(PAGES[number - 1]!);
  else if (event.key === 'Escape' && place.value.item !== '') goTo(place.value.page);
  else if (isMove(event.key)) focusTable(event);
  else return;
  if (event.key === '/') event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, select, textarea') !== null;
}

function isMove(key: string): boolean {
  return key === 'ArrowDown' || key === 'j';
}

/** Down from nowhere leads into the page's table. */
function focusTable(event: KeyboardEvent): void {
  const table = document.querySelector<HTMLElement>('[data-keys]');
  if (table === null || table.contains(document.activeElement)) return;
  event.preventDefault();
  table.focus();
  table.dispatchEvent(new KeyboardEvent('keydown', { key: event.key, bubbles: false }));
}

/** A page without a search leads to that of the endpoints. */
function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (field === null) {
    location.hash = hashOf('endpoints');
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-search]')?.focus());
  } else {
    field.focus();
    field.select();
  }
}
