/**
 * One request of the load and what became of it. All times are milliseconds of the one monotonic
 * clock. `dueMs` is when the schedule wanted it sent: latencies counted from there include what a
 * slow server made later requests wait (Tene, "How NOT to measure latency", 2015).
 */
import type { Tally } from '../measure/tally.ts';

/** How requests end. */
export const SHOT_OK = 0;
export const SHOT_FAILED = 1;
export const SHOT_CANCELLED = 2;
export const SHOT_UNFINISHED = 3;

export class Shot {
  /** The whole HTTP message. */
  readonly bytes: Buffer;
  readonly tally: Tally;
  readonly dueMs: number;
  /** Where the client leaves, after the send; -1 = it stays. */
  readonly cancelAfterMs: number;
  /** Whether the text of the answer is wanted (multi-turn). */
  readonly wantsText: boolean;
  /** Which conversation it belongs to; -1 = none. */
  readonly session: number;
  sentMs: number;
  firstMs: number;
  lastMs: number;
  tokenEvents: number;
  /** From `usage`; -1 = the server did not say. */
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  resent: boolean;
  /** What the router said which endpoint it was; '' = nothing. */
  endpoint: string;
  text: string;
  /** Gaps between tokens in microseconds, kept only for `--save-detailed`. */
  gapsUs: number[] | undefined;

  constructor(bytes: Buffer, tally: Tally, dueMs: number, extra: ShotExtra) {
    this.bytes = bytes;
    this.tally = tally;
    this.dueMs = dueMs;
    this.cancelAfterMs = extra.cancelAfterMs;
    this.wantsText = extra.wantsText;
    this.session = extra.session;
    this.sentMs = 0;
    this.firstMs = 0;
    this.lastMs = 0;
    this.tokenEvents = 0;
    this.promptTokens = -1;
    this.completionTokens = -1;
    this.cachedTokens = -1;
    this.resent = false;
    this.endpoint = '';
    this.text = '';
    this.gapsUs = extra.keepsGaps ? [] : undefined;
  }
}

export interface ShotExtra {
  readonly cancelAfterMs: number;
  readonly wantsText: boolean;
  readonly session: number;
  readonly keepsGaps: boolean;
}

/** Hears of every shot exactly once. */
export interface ShotOwner {
  /** `errorClass` and `example` are '' unless the outcome is SHOT_FAILED. */
  finished(shot: Shot, outcome: number, errorClass: string, example: string): void;
}
