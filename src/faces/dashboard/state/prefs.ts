/** What the visitor prefers, remembered by the browser where it lets us. */
import { Cell } from './cell.ts';

export type Theme = 'auto' | 'light' | 'dark';
export type Language = 'en' | 'zh';

const PREFIX = 'llm-router.';

export const theme = new Cell<Theme>(themeOf(recall('theme')));
export const language = new Cell<Language>(languageOf(recall('language')));

export function recall(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? '';
  } catch {
    return '';
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is switched off: it holds until the page is closed.
  }
}

/** Applies the preferences to the document, now and whenever they change. */
export function applyPrefs(): void {
  const root = document.documentElement;
  const apply = () => {
    root.dataset.theme = theme.value;
    root.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  };
  theme.follow(() => {
    remember('theme', theme.value);
    apply();
  });
  language.follow(() => {
    remember('language', language.value);
    apply();
  });
  apply();
}

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };

export function nextTheme(): void {
  theme.set(NEXT[theme.value]);
}

export function otherLanguage(): void {
  language.set(language.value === 'en' ? 'zh' : 'en');
}

function themeOf(text: string): Theme {
  return text === 'light' || text === 'dark' ? text : 'auto';
}

function languageOf(text: string): Language {
  if (text === 'en' || text === 'zh') return text;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
