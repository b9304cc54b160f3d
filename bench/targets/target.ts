/** Something the load can be sent to: a proxy in front of the backend, or the backend itself. */
import type { Child, Place } from '../process/child.ts';

export interface TargetSetting extends Place {
  readonly backendPort: number;
  /** Where the target listens; free when the target starts. */
  readonly port: number;
  /** The target's own folder for configuration and logs; removed at the end. */
  readonly folder: string;
}

export interface Target {
  readonly name: string;
  /** Its version line, or null where the program is absent. */
  version(): string | null;
  /** Starts it; null for a target that needs no process. */
  start(setting: TargetSetting): Child | null;
}
