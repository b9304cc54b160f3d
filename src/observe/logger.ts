/**
 * The router's own log, on pino: JSON lines, or short readable lines when a person looks at a
 * terminal. Everything that came from outside is a field, so it cannot forge a line.
 */
import { type Logger, pino } from 'pino';

export type { Logger };

const LEVEL_NAMES = new Map([
  [10, 'TRACE'],
  [20, 'DEBUG'],
  [30, 'INFO'],
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

/** A log at `level` on standard output. */
export function makeLogger(level: string, terminal = process.stdout.isTTY === true): Logger {
  const options = { level, base: null };
  return terminal
    ? pino(options, { write: (line) => process.stdout.write(readable(line)) })
    : pino(options);
}

/** `12:03:44 WARN ejected an endpoint endpoint=m@http://… code=connect_refused` */
function readable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
  return `${clock} ${LEVEL_NAMES.get(Number(level)) ?? level} ${msg}${rest.join('')}\n`;
}

/** Quoted when it holds a space or anything that could pass for another field or line. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@,-]+$/.test(text) ? text : JSON.stringify(text);
}
