/**
 * The snapshot as it is now: by server-sent events, and by polling where those do not come
 * through. Invariant: a snapshot is shown with its age; when deltas do not fit, a whole one is
 * fetched instead of guessing.
 */
import { applyDelta, type StatusDelta, type StatusSnapshot } from '../../../control/status.ts';
import { ApiError, ask, signInNeeded } from './api.ts';
import { Cell } from './cell.ts';
import { follow } from './trail.ts';

export type Connection = 'connecting' | 'live' | 'polling' | 'lost';

export const status = new Cell<StatusSnapshot | undefined>(undefined);
export const connection = new Cell<Connection>('connecting');
/** When the last news came, by this browser's clock. */
export let heardAtMs = 0;

const POLL_MS = 2000;
/** Events come every second; a browser notices a dead connection much later than this. */
const SILENCE_MS = 6000;
const RETRY_EVENTS_MS = 30_000;

let events: EventSource | undefined;
let eventsFailedAtMs = 0;

/** Begins to listen; goes on until the page is closed. */
export function startLive(): void {
  openEvents();
  setInterval(() => void watch(), POLL_MS);
  signInNeeded.follow(() => {
    if (signInNeeded.value) events?.close();
    else openEvents();
  });
}

function openEvents(): void {
  events?.close();
  events = new EventSource('/api/live');
  events.addEventListener('snapshot', (event) => {
    take(JSON.parse(event.data as string) as StatusSnapshot, 'live');
  });
  events.addEventListener('delta', (event) => {
    const delta = JSON.parse(event.data as string) as StatusDelta;
    const next = status.value && applyDelta(status.value, delta);
    if (next === undefined) openEvents();
    else take(next, 'live');
  });
  events.addEventListener('error', () => {
    eventsFailedAtMs = Date.now();
  });
}

/** Falls back to polling while no events come, and tries them again from time to time. */
async function watch(): Promise<void> {
  const nowMs = Date.now();
  if (nowMs - heardAtMs < SILENCE_MS && connection.value === 'live') return;
  // What is asked now may not be answered for long.
  const isSilent = status.value !== undefined && nowMs - heardAtMs >= SILENCE_MS;
  if (isSilent && !signInNeeded.value) connection.set('lost');
  if (nowMs - eventsFailedAtMs > RETRY_EVENTS_MS || events?.readyState === EventSource.CLOSED) {
    eventsFailedAtMs = nowMs;
    if (!signInNeeded.value) openEvents();
  }
  try {
    take(await ask<StatusSnapshot>('/admin/status'), 'polling');
    signInNeeded.set(false);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return;
    if (Date.now() - heardAtMs >= SILENCE_MS) connection.set('lost');
  }
}

function take(snapshot: StatusSnapshot, how: Connection): void {
  heardAtMs = Date.now();
  connection.set(how);
  follow(snapshot);
  status.set(snapshot);
}
