/**
 * The router's own log, on pino: JSON lines, or short readable lines when a person looks at a
 * terminal. Invariant: nothing that came from outside can forge a line, a field or a command to
 * the terminal; control characters are escaped in both forms.
 */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** Where log lines go. */
export interface LogSink {
  /** A person reads along. */
  readonly terminal: boolean;
  write(line: string): void;
}

const LEVEL_NAMES = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

/** What JSON leaves alone although a terminal or a reader of lines may act on it. */
const UNSAFE = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** A log at `level` that goes to all of `sinks`. */
export function makeLogger(level: string, ...sinks: readonly [LogSink, ...LogSink[]]): Logger {
  const write = (line: string) => {
    const safe = escaped(line);
    for (const sink of sinks) sink.write(sink.terminal ? readable(line) : safe);
  };
  return pino({ level, base: null }, { write });
}

/** Written at once, so that the last words before an end are not lost; survives a closed pipe. */
export function standardOutput(): LogSink {
  const output = destination({ fd: 1, sync: true });
  // The reader has gone, for example with its terminal; the router goes on without a log.
  output.on('error', () => {});
  return {
    terminal: process.stdout.isTTY === true,
    write: (line) => void output.write(line),
  };
}

/** `12:03:44 WARN ejected an endpoint endpoint=m@http://… code=connect_refused` */
function readable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const rest = Object.entries(fields).map(([key, value]) => ` ${shown(key)}=${shown(value)}`);
  const text = escaped(JSON.stringify(msg ?? '')).slice(1, -1);
  return `${clock} ${LEVEL_NAMES.get(Number(level))} ${text}${rest.join('')}\n`;
}

/** Quoted when it holds a space or anything that could pass for another field or line. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@,-]+$/.test(text) ? text : escaped(JSON.stringify(text));
}

/** `json` with all unsafe characters as `\uXXXX`; it stays the same JSON. */
export function escaped(json: string): string {
  return json.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
