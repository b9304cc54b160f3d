/** Every scenario, in the order in which they run and stand in the report. */
import { allocation } from './allocation.ts';
import { bodies } from './bodies.ts';
import { connections } from './connections.ts';
import { endpoints } from './endpoints.ts';
import { events } from './events.ts';
import { requests } from './requests.ts';
import type { Scenario } from './scenario.ts';
import { workers } from './workers.ts';

export const ALL_SCENARIOS: readonly Scenario[] = [
  requests,
  events,
  bodies,
  connections,
  endpoints,
  workers,
  allocation,
];
