// HOT PATH — bench: bench/main.ts, bench/sse-scan.ts
/**
 * Reads what an answer says it cost while it passes, and takes the event out that holds nothing
 * but the usage when the client had not asked for it. Nothing is held back for it: of a body that
 * comes in pieces the last TAIL_BYTES are copied, of a stream only its last events are looked at.
 */
import { isSpace } from '../openai/json-bytes.ts';
import { KeySearch } from '../openai/key-search.ts';
import { Usage } from '../openai/usage.ts';
import type { RequestMeter } from './meters.ts';
import type { OutBuffer } from './out-buffer.ts';

const LF = 0x0a;
const CR = 0x0d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Usage stands at the end of an answer; engines write a few fields behind it. */
const TAIL_BYTES = 1024;
const NEAR_BYTES = 320;

const CHOICES = new KeySearch('choices');
/** One reading at a time uses it, and nothing stays in it. */
const USAGE = new Usage();

/**
 * Reads the whole events composed in `out`. `strip`: the usage was not asked for by the client, so
 * an event without choices that tells it is cut out; true when one was.
 */
export function readEvents(meter: RequestMeter, out: OutBuffer, strip: boolean): boolean {
  const from = out.bodyAt();
  if (!USAGE.search(out.bytes, from, out.end)) return false;
  meter.tells(USAGE);
  if (!strip) return false;
  const start = eventStart(out.bytes, USAGE.foundAt, from);
  const end = eventEnd(out.bytes, USAGE.foundAt, out.end);
  if (!hasNoChoices(out.bytes, start, end)) return false;
  out.remove(start, end);
  return true;
}

/**
 * Reads the next bytes of a body that is no stream, composed in `out`; `tail` is what the last call
 * returned, at first an empty buffer.
 */
export function readBody(meter: RequestMeter, out: OutBuffer, tail: Buffer, last: boolean): Buffer {
  const size = out.bodyBytes();
  let kept = tail;
  if (!last || (size < TAIL_BYTES && tail.length > 0)) {
    kept = tail.length === 0 ? emptyTail() : tail;
    if (size < TAIL_BYTES) kept.copyWithin(0, size);
    out.bytes.copy(
      kept,
      Math.max(0, TAIL_BYTES - size),
      Math.max(out.bodyAt(), out.end - TAIL_BYTES),
      out.end,
    );
  }
  if (!last) return kept;
  const inTail = kept.length > 0 && size < TAIL_BYTES;
  const found = inTail
    ? searchEnd(kept, 0, TAIL_BYTES)
    : searchEnd(out.bytes, Math.max(out.bodyAt(), out.end - TAIL_BYTES), out.end);
  if (found) meter.tells(USAGE);
  return kept;
}

/** Most engines write little behind the usage: there it is looked for first. */
function searchEnd(bytes: Buffer, from: number, to: number): boolean {
  if (to - from > NEAR_BYTES && USAGE.search(bytes, to - NEAR_BYTES, to)) return true;
  return USAGE.search(bytes, from, to);
}

/** Filled from behind. */
function emptyTail(): Buffer {
  return Buffer.alloc(TAIL_BYTES);
}

/** Whether the event's `choices` is an empty list. */
function hasNoChoices(bytes: Buffer, from: number, to: number): boolean {
  const value = CHOICES.valueAfter(bytes, from, to);
  if (value === -1 || bytes[value] !== OPEN_BRACKET) return false;
  let at = value + 1;
  while (at < to && isSpace(bytes[at]!)) at += 1;
  return at < to && bytes[at] === CLOSE_BRACKET;
}

function endsLine(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

/**
 * Where the event around `at` begins: behind the blank line before it, or at `from`, where the LF
 * of a CRLF that was cut in two may stand.
 */
function eventStart(bytes: Buffer, at: number, from: number): number {
  for (let start = at; start > from; start--) {
    if (!endsLine(bytes[start - 1])) continue;
    // A CRLF is one end of a line; within it no line begins.
    if (bytes[start - 1] === CR && bytes[start] === LF) continue;
    const isCrLf = bytes[start - 1] === LF && start - 2 >= from && bytes[start - 2] === CR;
    const before = start - (isCrLf ? 2 : 1);
    if (before > from && endsLine(bytes[before - 1])) return start;
  }
  return bytes[from] === LF ? from + 1 : from;
}

/** Where the event around `at` ends: behind the blank line after it, or at `to`. */
function eventEnd(bytes: Buffer, at: number, to: number): number {
  let lines = 0;
  let end = at;
  while (end < to && lines < 2) {
    if (!endsLine(bytes[end])) {
      lines = 0;
      end += 1;
    } else {
      lines += 1;
      end += bytes[end] === CR && end + 1 < to && bytes[end + 1] === LF ? 2 : 1;
    }
  }
  return end;
}
