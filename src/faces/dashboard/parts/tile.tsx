/** One key figure: its name, the number with its unit, a note, and how it went lately. */
import type { ComponentChildren } from 'preact';
import { Spark } from './spark.tsx';

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly note?: ComponentChildren;
  readonly trend?: readonly (number | null)[];
  readonly tone?: 'accent' | 'bad' | 'calm';
}

export function Tile({ name, value, unit, note, trend, tone }: TileProps) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <span class="figure">
          {value}
          {unit && <span class="unit">{unit}</span>}
        </span>
        <span class="note">{note}</span>
      </dd>
      {trend && (
        <dd class="trend" aria-hidden="true">
          <Spark values={trend} tone={tone ?? 'accent'} />
        </dd>
      )}
    </div>
  );
}
