/**
 * How charts look: quiet axes, lines that differ in colour and in dash (so that a printout or a
 * colour-blind eye tells them apart), a legend that shows the values under the cursor.
 */
import type uPlot from 'uplot';
import type { Mark } from '../../../control/status.ts';
import { clock, moment } from '../format.ts';

export interface ChartLook {
  readonly names: readonly string[];
  readonly width: number;
  marks(): readonly Mark[];
  format(value: number | null): string;
  /** The cursor is at this point now; null = it left. */
  onCursor(index: number | null): void;
}

const HEIGHT = 200;
/** Names of the colours in the style sheet, which differ by theme. */
const COLORS = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'];
const DASHES: readonly number[][] = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
/** Lines in one colour differ in their dashes, and so do neighbours. */
export function dashOf(index: number): readonly number[] {
  return DASHES[(index + Math.floor(index / COLORS.length)) % DASHES.length]!;
}

/** Its name in the style sheet. */
export function colorNameOf(index: number): string {
  return COLORS[index % COLORS.length]!;
}

const FONT = '11px system-ui, sans-serif';

export function chartOptions(look: ChartLook): uPlot.Options {
  const { names, width, marks, format, onCursor } = look;
  const axis: uPlot.Axis = {
    stroke: colorOf('--faint'),
    font: FONT,
    grid: { stroke: colorOf('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    // The last time's text stands half beyond its line.
    padding: [8, 26, 0, 0],
    cursor: {
      sync: { key: 'charts', setSeries: false },
      points: { size: 6 },
      drag: { x: true, y: false },
      focus: { prox: 24 },
    },
    focus: { alpha: 0.35 },
    // The card shows the values itself.
    legend: { show: false },
    scales: { y: { range: rangeOf } },
    axes: [
      { ...axis, space: 72, size: 26, values: (_plot, ticks) => timesOf(ticks) },
      { ...axis, size: 52, gap: 4, values: (_plot, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      { label: '', value: (_plot, at) => (at == null ? '' : clock(at * 1000)) },
      ...names.map(
        (name, index): uPlot.Series => ({
          label: name,
          stroke: colorOf(colorNameOf(index)),
          width: 1.5,
          dash: [...dashOf(index)],
          points: { show: false },
          value: (_plot, value) => format(value),
          ...(names.length === 1 && { fill: colorOf('--line-fill') }),
        }),
      ),
    ],
    hooks: {
      draw: [(plot) => drawMarks(plot, marks())],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
}

const DAY_S = 86_400;

/** Seconds only where they differ, the day where there are several. */
function timesOf(ticks: readonly number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) => {
    if (step >= DAY_S) return moment(tick * 1000).slice(5, 10);
    if (step >= DAY_S / 8) return moment(tick * 1000).slice(5, 16);
    return step >= 60 ? clock(tick * 1000).slice(0, 5) : clock(tick * 1000);
  });
}

/** A colour of the style sheet as the canvas understands it. */
function colorOf(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** From zero, with some air; a flat zero still gets a scale. */
function rangeOf(_plot: uPlot, _min: number, max: number): uPlot.Range.MinMax {
  return [0, max > 0 ? max * 1.1 : 1];
}

/** A faint line with a small flag, so that many of them do not hide the numbers. */
function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  const flag = 4 * devicePixelRatio;
  ctx.save();
  for (const { at_ms, kind } of marks) {
    const x = Math.round(plot.valToPos(at_ms / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const color = colorOf(kind === 'reload' ? '--accent' : '--mark');
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.3;
    ctx.setLineDash(kind === 'reload' ? [] : [3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - flag, bbox.top);
    ctx.lineTo(x + flag, bbox.top);
    ctx.lineTo(x, bbox.top + flag * 1.5);
    ctx.fill();
  }
  ctx.restore();
}
