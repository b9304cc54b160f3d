/**
 * The last lines of the log, in memory, for operators who look at it from afar. Invariant: at most
 * MAX_LINES lines of at most MAX_CHARS characters; numbers rise by one and are never used twice,
 * so whoever asks for what came after a number misses nothing that is still there.
 */
import type { LogSink } from './logger.ts';

export interface TailLine {
  readonly seq: number;
  /** As the log has it: level (a number), time (Unix milliseconds), msg and fields. */
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface Tail {
  /** Oldest first. */
  readonly lines: readonly TailLine[];
  /** To be given as `after` the next time. */
  readonly last: number;
  /** Lines after the number asked for that are not kept any more. */
  readonly missed: number;
}

const MAX_LINES = 2000;
const MAX_CHARS = 8192;

export class LogTail implements LogSink {
  readonly terminal = false;
  readonly #lines: string[] = [];
  #last = 0;

  write(line: string): void {
    this.#last++;
    if (this.#lines.length === MAX_LINES) this.#lines.shift();
    this.#lines.push(line.length > MAX_CHARS ? tooLong(line) : line);
  }

  /** Lines after `seq` and at least as severe as `level` (a number of pino), the last `limit`. */
  read(seq: number, level: number, limit: number): Tail {
    const first = this.#last - this.#lines.length + 1;
    // A number from the future is of an earlier process: all lines are new.
    const from = seq > this.#last ? first : Math.max(first, seq + 1);
    const lines: TailLine[] = [];
    for (let at = from; at <= this.#last; at++) {
      const entry = JSON.parse(this.#lines[at - first]!) as TailLine['entry'];
      if (Number(entry.level) >= level) lines.push({ seq: at, entry });
    }
    const missed = seq > this.#last ? 0 : Math.max(0, first - seq - 1);
    return { lines: lines.slice(-limit), last: this.#last, missed };
  }
}

/** What a line with a thousand endpoints in it is about. */
function tooLong(line: string): string {
  const { level, time, msg } = JSON.parse(line) as Record<string, unknown>;
  const start = line.slice(0, MAX_CHARS).toWellFormed();
  return JSON.stringify({ level, time, msg, cut: start });
}
