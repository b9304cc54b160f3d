/** Numbers and times in few characters; what is unknown is a dash, never a zero. */
const UNKNOWN = '–';
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** 999, 1.2k, 34k, 5.6M. */
export function count(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (value < 1000) return Number.isInteger(value) ? String(value) : value.toFixed(1);
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    const scaled = value / size;
    if (scaled < 9.95) return `${scaled.toFixed(1)}${unit}`;
    if (scaled < 999.5) return `${Math.round(scaled)}${unit}`;
  }
  return value.toExponential(1);
}

export function share(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  const percent = 100 * value;
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)}%`;
}

/** 0.3ms, 120ms, 4.5s. */
export function millis(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (value < 10) return `${value.toFixed(1)}ms`;
  if (value < 1000) return `${Math.round(value)}ms`;
  return `${(value / 1000).toFixed(value < 9950 ? 1 : 0)}s`;
}

/** 5s, 3m, 2h 5m, 4d 2h. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** How long ago; a dash when unknown. */
export function since(atMs: number | null, nowMs: number): string {
  return atMs === null ? UNKNOWN : duration(nowMs - atMs);
}

export function clockTime(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}

/** The last `cells` values as bars; the highest is a whole bar. */
export function sparkline(values: readonly number[], cells: number): string {
  const shown = values.slice(-cells);
  const most = Math.max(0, ...shown);
  const bars = shown.map((value) => {
    if (most === 0) return BARS[0]!;
    return BARS[Math.min(7, Math.floor((value / most) * 7.999))]!;
  });
  return bars.join('').padStart(cells);
}
