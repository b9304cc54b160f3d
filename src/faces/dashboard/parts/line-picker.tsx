/** Which lines the charts show, a few of possibly thousands. */
import { useState } from 'preact/hooks';
import { useText } from '../text/text.ts';
import { Icon } from './icons.tsx';

interface PickerProps {
  /** The busiest first. */
  readonly all: readonly string[];
  readonly chosen: readonly string[];
  readonly max: number;
  /** None: the busiest. */
  onChoose(names: readonly string[]): void;
}

const SHOWN = 60;

export function LinePicker({ all, chosen, max, onChoose }: PickerProps) {
  const { charts } = useText();
  const [search, setSearch] = useState('');
  const word = search.toLowerCase();
  const found = all.filter((name) => name.toLowerCase().includes(word));
  const toggle = (name: string) => {
    const without = chosen.filter((one) => one !== name);
    const isOn = without.length < chosen.length;
    onChoose(isOn ? without : [...chosen, name].slice(-max));
  };
  return (
    <details class="chooser">
      <summary class="button">
        <Icon name="down" />
        {charts.pick} {chosen.length}/{all.length}
      </summary>
      <fieldset class="menu wide">
        <legend>{charts.pickHint}</legend>
        <input
          type="search"
          aria-label={charts.pickSearch}
          placeholder={charts.pickSearch}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <div class="options">
          {found.slice(0, SHOWN).map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={() => toggle(name)}
              />
              {name}
            </label>
          ))}
        </div>
        <button type="button" class="quiet" onClick={() => onChoose([])}>
          {charts.busiest}
        </button>
      </fieldset>
    </details>
  );
}
