/** Line charts as SVG text, without any library: axes with round numbers, lines, a tip a point. */

export interface ChartLine {
  readonly name: string;
  /** One of the page's CSS classes for colours. */
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

export interface ChartSpec {
  readonly title: string;
  readonly unit: string;
  readonly xName: string;
  readonly lines: readonly ChartLine[];
  /** Show each point with a dot: for few of them. */
  readonly dots: boolean;
}

const WIDTH = 560;
const HEIGHT = 230;
const LEFT = 58;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 34;
const TICKS = 5;

export function svgChart(spec: ChartSpec): string {
  const points = spec.lines.flatMap(({ points: all }) => all.filter(isKnown));
  const xs = points.map(([x]) => x);
  const [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  const step = niceStep(Math.max(0, ...points.map(([, y]) => y)) / TICKS);
  const yHigh = step * Math.max(1, Math.ceil(Math.max(0, ...points.map(([, y]) => y)) / step));
  const atX = (x: number) => LEFT + ((x - xLow) / (xHigh - xLow || 1)) * (WIDTH - LEFT - RIGHT);
  const atY = (y: number) => HEIGHT - BOTTOM - (y / yHigh) * (HEIGHT - TOP - BOTTOM);
  const grid: string[] = [];
  for (let y = 0; y <= yHigh + step / 2; y += step) {
    const place = atY(y).toFixed(1);
    grid.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${place}" y2="${place}"/>`,
    );
    grid.push(text(LEFT - 6, atY(y) + 4, short(y), 'end'));
  }
  const xStep = niceStep((xHigh - xLow) / TICKS);
  for (let x = Math.ceil(xLow / xStep) * xStep; x <= xHigh; x += xStep) {
    grid.push(text(atX(x), HEIGHT - BOTTOM + 16, short(x), 'middle'));
  }
  grid.push(text((LEFT + WIDTH) / 2, HEIGHT - 4, spec.xName, 'middle'));
  const lines = spec.lines.map((line) => {
    const dots = tips(line, spec, atX, atY);
    return `<path class="line ${line.colour}" d="${path(line, atX, atY)}"/>${dots}`;
  });
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(spec.title)}">` +
    `${grid.join('')}${lines.join('')}</svg>`
  );
}

type Known = readonly [x: number, y: number];
type Scale = (value: number) => number;

function isKnown(point: readonly [number, number | null]): point is Known {
  return point[1] !== null && Number.isFinite(point[1]);
}

/** A gap where nothing was measured. */
function path({ points }: ChartLine, atX: Scale, atY: Scale): string {
  let d = '';
  let pen = 'M';
  for (const point of points) {
    if (!isKnown(point)) {
      pen = 'M';
      continue;
    }
    d += `${pen}${atX(point[0]).toFixed(1)} ${atY(point[1]).toFixed(1)}`;
    pen = 'L';
  }
  return d;
}

function tips(
  { name, colour, points }: ChartLine,
  spec: ChartSpec,
  atX: Scale,
  atY: Scale,
): string {
  return points
    .filter(isKnown)
    .map(([x, y]) => {
      const tip = escapeHtml(`${name}: ${short(y)} ${spec.unit} at ${short(x)} ${spec.xName}`);
      const place = `cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}"`;
      const kind = spec.dots ? `dot ${colour}` : 'tip';
      const circle = `<circle class="${kind}" ${place} r="${spec.dots ? 3 : 5}">`;
      return `${circle}<title>${tip}</title></circle>`;
    })
    .join('');
}

function text(x: number, y: number, content: string, anchor: string): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
  return `<text ${place}>${escapeHtml(content)}</text>`;
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

export function escapeHtml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
