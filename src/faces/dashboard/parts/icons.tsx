/** The page's few drawings: 16 × 16, in the colour of the text around them, silent to readers. */

const PATHS = {
  overview: 'M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z',
  endpoints: 'M2.5 3h11v3.5h-11zM2.5 9.5h11v3.5h-11zM5 4.75h.01M5 11.25h.01',
  charts: 'M2.5 2.5v11h11M5 10l3-3.5 2 2 3.5-4.5',
  requests: 'M2.5 5h9m-2.5-2.5 2.5 2.5-2.5 2.5M13.5 11h-9m2.5-2.5-2.5 2.5 2.5 2.5',
  log: 'M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5',
  config: 'M2.5 4.5h5m3 0h3M2.5 11.5h2m3 0h6M9 3v3M6 10v3',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3l3.2 3.2',
  sun:
    'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.4m0 10.2v1.4M1.5 8h1.4m10.2 0h1.4' +
    'M3.4 3.4l1 1m7.2 7.2 1 1M3.4 12.6l1-1m7.2-7.2 1-1',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8',
  auto: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 2.5v11M8 5h3.5M8 8h5.3M8 11h3.5',
  help: 'M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.7.4-1.1.8-1.1 1.6M8 12.2h.01',
  close: 'M4 4l8 8m0-8-8 8',
  check: 'M3 8.5l3.2 3.2L13 4.8',
  down: 'M4 6l4 4 4-4',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  download: 'M8 2.5v7.5m-3-3 3 3 3-3M3 13.5h10',
  back: 'M9.5 3.5 5 8l4.5 4.5',
  warn: 'M8 2.5 14 13H2zM8 6.5v3M8 11.4h.01',
  pause: 'M5.5 3.5v9m5-9v9',
  leave: 'M6.5 2.5h-4v11h4M6 8h7.5m-3-3 3 3-3 3',
  play: 'M5 3.5v9l7-4.5z',
  table: 'M2.5 3h11v10h-11zM2.5 6.5h11M2.5 10h11M7 3v10',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M7 16h6m0 0 6-7h6m-12 7h12m-12 0 6 7h6" />
    </svg>
  );
}
