/**
 * Follows one streamed answer: finds its events however they are cut, and tells those that carry
 * text from the others (role, finish, usage, comments), because only the former are tokens whose
 * times mean something. Looks at bytes; nothing is decoded unless the text itself is wanted.
 *
 * Source: HTML Living Standard, "Interpreting an event stream"; OpenAI API reference, streaming.
 */
import { headEnds, jsonEnds } from '../../openai/event-end.ts';
import { KeySearch, startsWith } from '../../openai/key-search.ts';
import { LONGEST_STALL_US, STALLS, TOKEN_EVENTS } from '../measure/tally.ts';
import type { Shot } from './shot.ts';
import { readUsage } from './usage.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const EXAMPLE_BYTES = 300;
const NOTHING = Buffer.alloc(0);

const DATA = Buffer.from('data:');
const CONTENT = new KeySearch('content');
/** Where other APIs and reasoning models put their text. */
const OTHER_TEXTS = ['reasoning_content', 'reasoning', 'text', 'tool_calls'].map(
  (key) => new KeySearch(key),
);

export class TokenStream {
  /** `[DONE]` or a finish_reason has passed. */
  finished: boolean;
  /** The error event, when there was one. */
  error: string;
  #rest: Buffer;
  #restLength: number;

  constructor() {
    this.finished = false;
    this.error = '';
    this.#rest = NOTHING;
    this.#restLength = 0;
  }

  reset(): void {
    this.finished = false;
    this.error = '';
    this.#restLength = 0;
  }

  /** Takes the next bytes of the body, which arrived at `nowMs`. */
  push(buf: Buffer, start: number, end: number, arrival: Arrival): void {
    if (this.#restLength === 0) {
      const used = this.#events(buf, start, end, arrival);
      if (used < end) this.#hold(buf, used, end);
      return;
    }
    this.#hold(buf, start, end);
    const length = this.#restLength;
    const used = this.#events(this.#rest, 0, length, arrival);
    if (used === 0) return;
    this.#rest.copy(this.#rest, 0, used, length);
    this.#restLength = length - used;
  }

  #hold(buf: Buffer, start: number, end: number): void {
    const needed = this.#restLength + end - start;
    if (needed > this.#rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(1024, 2 * needed));
      this.#rest.copy(grown, 0, 0, this.#restLength);
      this.#rest = grown;
    }
    buf.copy(this.#rest, this.#restLength, start, end);
    this.#restLength = needed;
  }

  /** Takes every whole event and returns where the first unfinished one starts. */
  #events(buf: Buffer, start: number, end: number, arrival: Arrival): number {
    let from = start;
    let lf = buf.indexOf(LF, from);
    while (lf !== -1 && lf + 1 < end) {
      let after = lf + 1;
      if (buf[after] === CR && after + 1 < end) after++;
      if (buf[after] === LF) {
        this.#event(buf, from, lf, arrival);
        from = after + 1;
        after = from;
      }
      lf = after < end ? buf.indexOf(LF, after) : -1;
    }
    return from;
  }

  #event(buf: Buffer, start: number, end: number, arrival: Arrival): void {
    let from = start;
    while (from < end && !startsWith(buf, from, end, DATA)) {
      const lf = buf.indexOf(LF, from);
      if (lf === -1 || lf >= end) return;
      from = lf + 1;
    }
    from += DATA.length;
    while (from < end && buf[from] === SPACE) from++;
    if (from >= end) return;
    const { shot } = arrival;
    const carriesText = hasText(buf, from, end);
    if (carriesText) {
      this.#token(arrival);
      if (shot.wantsText) shot.text += deltaText(buf, from, end);
    }
    if (headEnds(buf, from, end)) {
      if (buf[from] === OPEN_BRACKET) this.finished = true;
      else this.error = buf.toString('utf8', from, Math.min(end, from + EXAMPLE_BYTES));
      return;
    }
    const ends = jsonEnds('openai', buf, from, end);
    if (ends) this.finished = true;
    if (ends || !carriesText) readUsage(buf, from, end, shot);
  }

  #token({ shot, nowMs, stallMs }: Arrival): void {
    shot.tally.counts[TOKEN_EVENTS]!++;
    shot.tokenEvents++;
    if (shot.tokenEvents === 1) {
      shot.firstMs = nowMs;
    } else {
      const gapUs = (nowMs - shot.lastMs) * 1000;
      shot.tally.itl.record(gapUs);
      if (shot.gapsUs !== undefined) shot.gapsUs.push(gapUs);
      if (gapUs >= stallMs * 1000) noteStall(shot, gapUs);
    }
    shot.lastMs = nowMs;
  }
}

/** Whose bytes arrived, and when; one object is used again and again. */
export interface Arrival {
  shot: Shot;
  nowMs: number;
  /** From how long on a pause counts as a stall. */
  stallMs: number;
}

function noteStall(shot: Shot, gapUs: number): void {
  const { counts } = shot.tally;
  counts[STALLS]!++;
  if (gapUs > counts[LONGEST_STALL_US]!) counts[LONGEST_STALL_US] = gapUs;
}

function hasText(buf: Buffer, from: number, to: number): boolean {
  if (isFilled(CONTENT, buf, from, to)) return true;
  for (let i = 0; i < OTHER_TEXTS.length; i++) {
    if (isFilled(OTHER_TEXTS[i]!, buf, from, to)) return true;
  }
  return false;
}

/** Whether the key stands there with a string or a list that is not empty. */
function isFilled(key: KeySearch, buf: Buffer, from: number, to: number): boolean {
  let at = key.valueAfter(buf, from, to);
  while (at !== -1) {
    if (buf[at] === QUOTE && buf[at + 1] !== QUOTE) return true;
    if (buf[at] === OPEN_BRACKET && buf[at + 1] !== CLOSE_BRACKET) return true;
    at = key.valueAfter(buf, at, to);
  }
  return false;
}

/** The text of an event, for conversations that go on with it. */
function deltaText(buf: Buffer, from: number, to: number): string {
  try {
    // Only conversations of several turns need the text: elsewhere nothing is parsed.
    const event = JSON.parse(buf.toString('utf8', from, to)) as StreamEvent;
    const choice = event.choices?.[0];
    return choice?.delta?.content ?? choice?.text ?? '';
  } catch {
    return '';
  }
}

interface StreamEvent {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly text?: string;
  }[];
}
