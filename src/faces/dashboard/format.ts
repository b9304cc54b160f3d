/** Numbers and times as people read them. What is unknown is a dash, never 0 or NaN. */

export const UNKNOWN = '—';

type Known = number | null | undefined;

/** 1,234 · 12.3k · 4.56M. */
export function count(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  if (Math.abs(value) >= 1e9) return `${digits(value / 1e9)}G`;
  if (Math.abs(value) >= 1e6) return `${digits(value / 1e6)}M`;
  if (Math.abs(value) >= 1e4) return `${digits(value / 1e3)}k`;
  return Number.isInteger(value) ? grouped(value) : digits(value);
}

/** Rates: two digits below ten. */
export function rate(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  return value >= 1e4 ? count(value) : digits(value);
}

/** 840 ms · 1.84 s · 3.2 min. */
export function duration(ms: Known): string {
  if (!isKnown(ms)) return UNKNOWN;
  if (ms === 0) return '0 ms';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 60_000) return `${digits(ms / 1000)} s`;
  return `${digits(ms / 60_000)} min`;
}

/** What a language calls them. */
export type TimeUnits = Readonly<Record<'s' | 'min' | 'h' | 'd', string>>;

/** How long ago or for how long: 12 s · 3 min 20 s · 5 h 2 min · 3 d 4 h. */
export function age(ms: Known, { s, min, h, d }: TimeUnits): string {
  if (!isKnown(ms)) return UNKNOWN;
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} ${s}`;
  if (seconds < 3600) return pair(seconds, 60, min, s);
  if (seconds < 86_400) return pair(Math.floor(seconds / 60), 60, h, min);
  return pair(Math.floor(seconds / 3600), 24, d, h);
}

export function percent(ratio: Known): string {
  if (!isKnown(ratio)) return UNKNOWN;
  const value = ratio * 100;
  if (value === 0) return '0 %';
  return value < 10 ? `${value.toFixed(2)} %` : `${value.toFixed(1)} %`;
}

export function bytes(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${digits(value / 1024)} KB`;
  if (value < 1024 ** 3) return `${digits(value / 1024 ** 2)} MB`;
  return `${digits(value / 1024 ** 3)} GB`;
}

/** The time of day, by the visitor's clock. */
export function clock(atMs: Known): string {
  if (!isKnown(atMs)) return UNKNOWN;
  const time = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** With the day, for what may be long ago. */
export function moment(atMs: Known): string {
  if (!isKnown(atMs)) return UNKNOWN;
  const time = new Date(atMs);
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return `${day.map((part) => String(part).padStart(2, '0')).join('-')} ${clock(atMs)}`;
}

function isKnown(value: Known): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Three digits that count. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return grouped(Math.round(value));
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function pair(value: number, size: number, large: string, small: string): string {
  const rest = value % size;
  const whole = `${Math.floor(value / size)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}
