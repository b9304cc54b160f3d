/** Numbers as people write them: `10k`, `1m` (a million, for durations a minute), `30s`, `10%`. */

const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1e3,
  '': 1e3,
  m: 60e3,
  min: 60e3,
  h: 3600e3,
};

/** `10k` → 10000; NaN when it is none. */
export function parseNumber(text: string): number {
  const match = /^([+-]?\d*\.?\d+)([kmg]?)$/i.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * FACTORS[match[2]!.toLowerCase()]!;
}

/** To milliseconds; a bare number is seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d*\.?\d+)(us|ms|s|min|m|h|)$/i.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!;
}

/** As `parseDuration`, but a bare number is milliseconds, as vLLM's SLOs are. */
export function parseMilliseconds(text: string): number {
  return /^\d*\.?\d+$/.test(text) ? Number(text) : parseDuration(text);
}

/** `10%` or `0.1` → 0.1. */
export function parseShare(text: string): number {
  return text.endsWith('%') ? parseNumber(text.slice(0, -1)) / 100 : parseNumber(text);
}
