/** Small charts of block characters: one column a value, each row eight steps high. */

const STEPS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
 * The last `width` values from 0 to their maximum, in `height` lines, newest at the right; null is
 * a gap.
 */
export function blockChart(
  values: readonly (number | null)[],
  width: number,
  height: number,
): string[] {
  const last = values.slice(-width);
  const most = Math.max(0, ...last.map((value) => value ?? 0));
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    let line = '';
    for (const value of last) {
      const eighths = most === 0 || value === null ? 0 : (value / most) * height * 8;
      // Whatever is not nothing shows at least as a line at the bottom.
      const visible = value !== null && value > 0 && row === 0 ? Math.max(1, eighths) : eighths;
      line += STEPS[Math.max(0, Math.min(8, Math.round(visible - row * 8)))];
    }
    lines.push(line.padStart(width));
  }
  return lines;
}

/** A bar of `width` characters, filled to `share`. */
export function progressBar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '━'.repeat(full) + '╌'.repeat(width - full);
}
