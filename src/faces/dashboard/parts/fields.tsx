/** Fields of toolbars; their names are for screen readers, since a hint in them says the same. */
import { Icon } from './icons.tsx';

interface SearchProps {
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
  onEnter?(): void;
}

/** The key `/` leads here. */
export function SearchField({ label, value, onChange, onEnter }: SearchProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const field = event.currentTarget as HTMLInputElement;
    if (event.key === 'Enter') onEnter?.();
    if (event.key !== 'Escape') return;
    if (field.value === '') field.blur();
    else onChange('');
    event.stopPropagation();
  };
  return (
    <label class="search">
      <Icon name="search" />
      <span class="hidden">{label}</span>
      <input
        type="search"
        data-search
        placeholder={label}
        value={value}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, name: string])[];
  /** It is no filter, so no choice is to be seen from afar. */
  readonly isPlain?: boolean;
  onChange(value: string): void;
}

export function Select({ label, value, options, isPlain, onChange }: SelectProps) {
  return (
    <select
      aria-label={label}
      class={value === '' || isPlain ? '' : 'chosen'}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map(([key, name]) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </select>
  );
}

interface SegmentsProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, name: string])[];
  onChange(value: string): void;
}

/** One of a few, all in sight. */
export function Segments({ label, value, options, onChange }: SegmentsProps) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {options.map(([key, name]) => (
        <label key={key} class={key === value ? 'on' : ''}>
          <input
            type="radio"
            name={label}
            value={key}
            checked={key === value}
            onChange={() => onChange(key)}
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
