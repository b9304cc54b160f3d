/** The language of now, as a dictionary. */
import { useCell } from '../state/cell.ts';
import { language } from '../state/prefs.ts';
import { en, type Text } from './en.ts';
import { zh } from './zh.ts';

export function useText(): Text {
  return useCell(language) === 'zh' ? zh : en;
}

/** Outside of views. */
export function textNow(): Text {
  return language.value === 'zh' ? zh : en;
}
