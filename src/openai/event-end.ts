// HOT PATH
/**
 * How a stream says that it is complete, by dialect: `[DONE]` or a finish_reason (OpenAI),
 * `message_stop` (Anthropic), `response.completed` and its kin (Responses); or that it failed,
 * in the shapes engines use: `event: error`, `{"error":{…}}`, `{"object":"error",…}`,
 * `{"type":"error",…}`. After any of these an early end takes nothing from the client.
 *
 * bench: bench/sse-scan.ts
 */
import { isSpace } from './json-bytes.ts';
import { KeySearch, startsWith, valueStart } from './key-search.ts';
import type { Dialect } from './routes.ts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const SMALL_N = 0x6e;

const FINISH_REASON = new KeySearch('finish_reason');
const TYPE = new KeySearch('type');

const DONE = Buffer.from('[DONE]');
const ERROR = Buffer.from('error');
const QUOTED_ERROR = Buffer.from('"error"');
const QUOTED_OBJECT = Buffer.from('"object"');
const QUOTED_TYPE = Buffer.from('"type"');
const MESSAGE_STOP = Buffer.from('message_stop');
const RESPONSE = Buffer.from('response.');
/** What follows RESPONSE when nothing more comes. */
const COMPLETED = Buffer.from('completed');
const FAILED = Buffer.from('failed');
const INCOMPLETE = Buffer.from('incomplete');
/** No name of an event is longer. */
const NAME_BYTES = 32;

/** Whether an event of the name `buf[from … to)` is the last one. */
export function nameEnds(dialect: Dialect, buf: Buffer, from: number, to: number): boolean {
  return isExactly(buf, from, to, ERROR) || isFinal(dialect, buf, from, to);
}

/** Whether data that starts with `buf[from … to)` is `[DONE]` or an error. */
export function headEnds(buf: Buffer, from: number, to: number): boolean {
  if (from >= to) return false;
  if (buf[from] !== OPEN_BRACE) return startsWith(buf, from, to, DONE);
  let key = from + 1;
  while (key < to && isSpace(buf[key])) key += 1;
  if (startsWith(buf, key, to, QUOTED_ERROR)) {
    const value = valueStart(buf, key + QUOTED_ERROR.length, to);
    return value !== -1 && buf[value] !== SMALL_N;
  }
  if (startsWith(buf, key, to, QUOTED_OBJECT)) key += QUOTED_OBJECT.length;
  else if (startsWith(buf, key, to, QUOTED_TYPE)) key += QUOTED_TYPE.length;
  else return false;
  const value = valueStart(buf, key, to);
  return value !== -1 && startsWith(buf, value, to, QUOTED_ERROR);
}

/**
 * Whether JSON text holds the dialect's end marker as a key and a value. Text that begins in the
 * middle is allowed; a marker of which only a part is there is not seen.
 */
export function jsonEnds(dialect: Dialect, buf: Buffer, from: number, to: number): boolean {
  const search = dialect === 'openai' ? FINISH_REASON : TYPE;
  let value = search.valueAfter(buf, from, to);
  while (value !== -1) {
    if (buf[value] === QUOTE) {
      if (dialect === 'openai') {
        // Some engines write "" where others write null: that is no reason.
        if (value + 1 < to && buf[value + 1] !== QUOTE) return true;
      } else {
        const end = closingQuote(buf, value + 1, to);
        if (end !== -1 && isFinal(dialect, buf, value + 1, end)) return true;
      }
    }
    value = search.valueAfter(buf, value, to);
  }
  return false;
}

function isFinal(dialect: Dialect, buf: Buffer, from: number, to: number): boolean {
  if (dialect === 'anthropic') return isExactly(buf, from, to, MESSAGE_STOP);
  if (dialect === 'openai' || !startsWith(buf, from, to, RESPONSE)) return false;
  const word = from + RESPONSE.length;
  return (
    isExactly(buf, word, to, COMPLETED) ||
    isExactly(buf, word, to, FAILED) ||
    isExactly(buf, word, to, INCOMPLETE)
  );
}

function isExactly(buf: Buffer, from: number, to: number, text: Buffer): boolean {
  return to - from === text.length && startsWith(buf, from, to, text);
}

/** The end of a short string, or -1. */
function closingQuote(buf: Buffer, from: number, to: number): number {
  const stop = to - from < NAME_BYTES ? to : from + NAME_BYTES;
  for (let i = from; i < stop; i++) {
    if (buf[i] === QUOTE) return i;
  }
  return -1;
}
