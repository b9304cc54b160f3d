/** One service on its way to being ready, as faces show it; and how the whole went. */
import { withoutKey } from './engine-command.ts';
import { LogWatch } from './log-rules.ts';
import type { Service } from './plan.ts';

/**
 * `queued`: an earlier one of its node starts first; `starting`: it is being launched; `loading`:
 * its log does not say yet that it is ready; `checking`: it does, and is being asked.
 */
export type Phase = 'queued' | 'starting' | 'loading' | 'checking' | 'ready' | 'failed';

const MAX_TAIL = 65_536;

export class ServiceRun {
  /** Another one after a port conflict. */
  service: Service;
  phase: Phase = 'queued';
  /** -1 = not yet. */
  startedMs = -1;
  settledMs = -1;
  /** Why it failed, what is odd about it, or the last line of its log. */
  detail = '';
  /** What to do about a failure. */
  advice = '';
  conflicts = 0;
  /** Bytes of its log that were read. */
  offset = 0;
  watch = new LogWatch();
  isBeingAsked = false;
  /** The end of its log, for a copy when it fails. */
  tail = '';

  constructor(service: Service) {
    this.service = service;
  }

  get isSettled(): boolean {
    return this.phase === 'ready' || this.phase === 'failed';
  }

  begin(nowMs: number): void {
    this.watch = new LogWatch();
    this.offset = 0;
    this.startedMs = nowMs;
  }

  read(written: string, offset: number): void {
    const log = withoutKey(written, this.service.command);
    this.offset = offset;
    this.watch.feed(log);
    this.tail = (this.tail + log).slice(-MAX_TAIL);
    if (this.watch.lastLine !== '' && this.phase === 'loading') this.detail = this.watch.lastLine;
  }

  elapsedMs(nowMs: number): number {
    if (this.startedMs < 0) return 0;
    return (this.settledMs < 0 ? nowMs : this.settledMs) - this.startedMs;
  }
}
