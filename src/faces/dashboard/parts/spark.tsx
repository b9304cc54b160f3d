/**
 * A small line without axes: only its shape counts, the number stands beside it. Gaps stay gaps.
 */

interface SparkProps {
  readonly values: readonly (number | null)[];
  readonly tone?: 'accent' | 'bad' | 'calm';
}

const WIDTH = 120;
const HEIGHT = 28;

/** A line that has just begun is not squeezed into a corner. */
const LEAST_POINTS = 30;

export function Spark({ values, tone = 'accent' }: SparkProps) {
  const { line, area } = pathsOf(values, Math.max(LEAST_POINTS, values.length));
  return (
    <svg
      class={`spark ${tone}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="area" d={area} />
      <path class="line" d={line} />
    </svg>
  );
}

function pathsOf(values: readonly (number | null)[], points: number) {
  const highest = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, points - 1);
  const startX = WIDTH - step * (values.length - 1);
  let line = '';
  let area = '';
  let open = -1;
  const endArea = (x: number) => {
    if (open >= 0) area += `L${x} ${HEIGHT}L${open} ${HEIGHT}z`;
    open = -1;
  };
  let lastX = 0;
  for (const [index, value] of values.entries()) {
    const x = Math.round((startX + index * step) * 10) / 10;
    if (value === null) {
      endArea(lastX);
      continue;
    }
    const y = Math.round((HEIGHT - 1.5 - (value / highest) * (HEIGHT - 4)) * 10) / 10;
    const move = open < 0 ? 'M' : 'L';
    if (open < 0) open = x;
    line += `${move}${x} ${y}`;
    area += `${move}${x} ${y}`;
    lastX = x;
  }
  endArea(lastX);
  return { line, area };
}
