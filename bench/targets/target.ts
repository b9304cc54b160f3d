/** Something the load can be sent to: a proxy in front of the backend, or the backend itself. */
import type { Child, Place } from '../process/child.ts';

/** What a scenario may ask of a proxy beyond the usual. */
export interface Shape {
  /** Threads or processes that carry traffic. */
  readonly workers: number;
  /** Addresses in the one cluster; the backend listens on all of them, on one port. */
  readonly endpoints: number;
  /** nginx streams request bodies instead of writing them to a file first. */
  readonly streamsUploads: boolean;
  /** The router prints a line per garbage collection. */
  readonly tracesGc: boolean;
}

export const USUAL_SHAPE: Shape = {
  workers: 1,
  endpoints: 1,
  streamsUploads: false,
  tracesGc: false,
};

export interface TargetSetting extends Place {
  readonly backendPort: number;
  /** Where the target listens; free when the target starts. */
  readonly port: number;
  /** The target's own folder for configuration and logs; removed at the end. */
  readonly folder: string;
  readonly shape: Shape;
}

export interface Target {
  readonly name: string;
  /** Its version line, or null where the program is absent. */
  version(): string | null;
  /** Starts it; null for a target that needs no process. */
  start(setting: TargetSetting): Child | null;
}
