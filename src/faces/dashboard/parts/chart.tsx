/**
 * One chart: lines over time with a cursor shared by all charts of the page, zoom by dragging,
 * thin marks for what happened, and the same numbers as a table. Invariant: the chart is made once
 * and fed new data; it is made anew only when its lines, its size's reason or the theme change.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Mark } from '../../../control/status.ts';
import { csvOf, download } from '../csv.ts';
import { clock, moment } from '../format.ts';
import { useCell } from '../state/cell.ts';
import { theme } from '../state/prefs.ts';
import { useText } from '../text/text.ts';
import { chartOptions, colorNameOf, dashOf } from './chart-options.ts';
import { Icon } from './icons.tsx';
import { ScrollBox } from './scroll-box.tsx';

export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Milliseconds of the wall clock. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly marks: readonly Mark[];
  format(value: number | null): string;
}

export function Chart(props: ChartProps) {
  const { title, times, lines } = props;
  const { charts } = useText();
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  // One point is no line, and its axis would span days.
  const isYoung = times.length < 2;
  const isUnknown = lines.every(({ values }) => values.every((value) => value === null));
  const file = () => {
    const rows = times.map((atMs, index) => [
      new Date(atMs).toISOString(),
      ...lines.map(({ values }) => values[index] ?? null),
    ]);
    const header = [charts.time, ...lines.map(({ name }) => name || title)];
    download(`${title.replace(/\W+/g, '-').toLowerCase()}.csv`, csvOf(header, rows));
  };
  return (
    <section class="card chart" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {lines.length === 1 && !asTable && <Reading {...props} at={at} />}
        <button
          type="button"
          class="quiet"
          aria-pressed={asTable}
          aria-label={`${title}: ${asTable ? charts.chart : charts.table}`}
          title={asTable ? charts.chart : charts.table}
          onClick={() => setAsTable(!asTable)}
        >
          <Icon name={asTable ? 'charts' : 'table'} />
        </button>
        <button
          type="button"
          class="quiet"
          aria-label={`${title}: ${charts.csv}`}
          title={charts.csv}
          onClick={file}
        >
          <Icon name="download" />
        </button>
      </header>
      {isYoung || isUnknown ? (
        <p class="empty">{isYoung ? charts.empty : charts.unknown}</p>
      ) : asTable ? (
        <ChartTable {...props} />
      ) : (
        <>
          <Plot {...props} onCursor={setAt} />
          {lines.length > 1 && <Values {...props} at={at} />}
        </>
      )}
    </section>
  );
}

const NOBODY = '';

/** The value under the cursor, or else the last one. */
function Reading({ times, lines, format, at }: ChartProps & { readonly at: number | null }) {
  const index = at ?? times.length - 1;
  return (
    <span class="reading">
      {at !== null && <time>{clock(times[index])}</time>}
      {format(lines[0]!.values[index] ?? null)}
    </span>
  );
}

/** What each line says under the cursor, or at last; its sample shows colour and dashes. */
function Values({ times, lines, format, at }: ChartProps & { readonly at: number | null }) {
  const index = at ?? times.length - 1;
  return (
    <ul class="values">
      {lines.map(({ name, values }, line) => (
        <li key={name} title={name}>
          <svg viewBox="0 0 20 4" aria-hidden="true">
            <line
              x2="20"
              y1="2"
              y2="2"
              style={{ stroke: `var(${colorNameOf(line)})` }}
              stroke-dasharray={dashOf(line).join(' ')}
            />
          </svg>
          <span class="name">{name}</span>
          <strong>{format(values[index] ?? null)}</strong>
        </li>
      ))}
    </ul>
  );
}

interface PlotProps extends ChartProps {
  onCursor(index: number | null): void;
}

function Plot({ title, times, lines, marks, format, onCursor }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shown = useRef(marks);
  const tone = useCell(theme);
  const dark = useDark();
  shown.current = marks;
  const names = lines.map(({ name }) => name).join('\n');
  const data = () =>
    [
      times.map((atMs) => atMs / 1000),
      ...lines.map(({ values }) => [...values]),
    ] as uPlot.AlignedData;
  useEffect(() => {
    const element = box.current!;
    const options = chartOptions({
      names: lines.map(({ name }) => name || NOBODY),
      width: element.clientWidth,
      marks: () => shown.current,
      format,
      onCursor,
    });
    const made = new uPlot(options, data(), element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: options.height });
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [names, tone, dark]);
  useEffect(() => {
    const current = plot.current;
    if (current === null) return;
    const zoomed = isZoomed(current);
    current.setData(data(), !zoomed);
    if (zoomed) current.redraw(false);
  }, [times, lines]);
  return <div class="plot" ref={box} role="img" aria-label={title} />;
}

/** Does it show less than it has? Then new data must not move what the visitor looks at. */
function isZoomed(plot: uPlot): boolean {
  const times = plot.data[0];
  const { min, max } = plot.scales.x!;
  if (min == null || max == null || times.length < 2) return false;
  return min > times[0]! + 0.5 || max < times.at(-1)! - 0.5;
}

/** Whether the system is dark now: `auto` follows it. */
function useDark(): boolean {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const look = () => setDark(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, []);
  return dark;
}

function ChartTable({ title, times, lines, format }: ChartProps) {
  const { charts } = useText();
  const rows = times.map((atMs, index) => ({ atMs, index })).reverse();
  return (
    <ScrollBox label={title} class="plot">
      <table>
        <thead>
          <tr>
            <th scope="col">{charts.time}</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col">
                {name || title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ atMs, index }) => (
            <tr key={atMs}>
              <th scope="row">{moment(atMs)}</th>
              {lines.map(({ name, values }) => (
                <td key={name}>{format(values[index] ?? null)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
