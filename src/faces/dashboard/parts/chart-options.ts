/**
 * How charts look: quiet axes, lines that differ in colour and in dash (so that a printout or a
 * colour-blind eye tells them apart), a legend that shows the values under the cursor.
 */
import type uPlot from 'uplot';
import type { Mark } from '../../../control/status.ts';
import { clock } from '../format.ts';

export interface ChartLook {
  readonly names: readonly string[];
  readonly width: number;
  marks(): readonly Mark[];
  format(value: number | null): string;
}

const HEIGHT = 200;
/** Names of the colours in the style sheet, which differ by theme. */
const COLORS = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'];
const DASHES: readonly number[][] = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
const FONT = '11px system-ui, sans-serif';

export function chartOptions({ names, width, marks, format }: ChartLook): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colorOf('--faint'),
    font: FONT,
    grid: { stroke: colorOf('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: {
      sync: { key: 'charts', setSeries: false },
      points: { size: 6 },
      drag: { x: true, y: false },
      focus: { prox: 24 },
    },
    focus: { alpha: 0.35 },
    legend: { show: true, live: true },
    scales: { y: { range: rangeOf } },
    axes: [
      { ...axis, space: 60, size: 26 },
      { ...axis, size: 52, gap: 4, values: (_plot, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      { value: (_plot, at) => (at == null ? '' : clock(at * 1000)) },
      ...names.map(
        (name, index): uPlot.Series => ({
          label: name,
          stroke: colorOf(COLORS[index % COLORS.length]!),
          width: 1.5,
          dash: [...DASHES[Math.floor(index / COLORS.length + (index % 4)) % DASHES.length]!],
          points: { show: false },
          value: (_plot, value) => format(value),
          ...(names.length === 1 && { fill: colorOf('--line-fill') }),
        }),
      ),
    ],
    hooks: { draw: [(plot) => drawMarks(plot, marks())] },
  };
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

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1;
  for (const { at_ms, kind } of marks) {
    const x = Math.round(plot.valToPos(at_ms / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colorOf(kind === 'reload' ? '--accent' : '--mark');
    ctx.setLineDash(kind === 'reload' ? [] : [3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
