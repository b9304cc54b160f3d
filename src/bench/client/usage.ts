/**
 * Reads token counts from the `usage` object of an answer without parsing the JSON around it.
 * Prompts and texts cannot fool it: quotes inside JSON strings are escaped.
 */
import { KeySearch } from '../../openai/key-search.ts';
import type { Shot } from './shot.ts';

const OPEN_BRACE = 0x7b;
const ZERO = 0x30;

const USAGE = new KeySearch('usage');
const PROMPT = new KeySearch('prompt_tokens');
const COMPLETION = new KeySearch('completion_tokens');
const CACHED = new KeySearch('cached_tokens');

/** Fills in the counts if `buf[from … to)` holds a usage object. */
export function readUsage(buf: Buffer, from: number, to: number, shot: Shot): void {
  let at = USAGE.valueAfter(buf, from, to);
  while (at !== -1 && buf[at] !== OPEN_BRACE) at = USAGE.valueAfter(buf, at, to);
  if (at === -1) return;
  shot.promptTokens = numberAfter(PROMPT, buf, at, to);
  shot.completionTokens = numberAfter(COMPLETION, buf, at, to);
  shot.cachedTokens = numberAfter(CACHED, buf, at, to);
}

function numberAfter(key: KeySearch, buf: Buffer, from: number, to: number): number {
  const at = key.valueAfter(buf, from, to);
  if (at === -1) return -1;
  let value = -1;
  for (let i = at; i < to; i++) {
    const digit = buf[i]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = Math.max(value, 0) * 10 + digit;
  }
  return value;
}

/** The text of an answer that was not streamed, for conversations that go on with it. */
export function answerText(buf: Buffer, from: number, to: number): string {
  try {
    // Only conversations of several turns need the text: elsewhere nothing is parsed.
    const body = JSON.parse(buf.toString('utf8', from, to)) as Answer;
    const choice = body.choices?.[0];
    return choice?.message?.content ?? choice?.text ?? '';
  } catch {
    return '';
  }
}

interface Answer {
  readonly choices?: readonly {
    readonly message?: { readonly content?: string | null };
    readonly text?: string;
  }[];
}
