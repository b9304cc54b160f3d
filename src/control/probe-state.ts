/**
 * The life of one endpoint in the prober's eyes. Pure.
 *   UNKNOWN  never answered; no traffic. A success makes it UP, `failureThreshold` failures DOWN.
 *   UP       `failureThreshold` failures in a row make it DOWN.
 *   DOWN     one success makes it UP.
 * An endpoint that has never been up is asked again every 5 s for two minutes (it may be loading
 * its model, and nothing else watches it), then at the ordinary interval.
 */
import { PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import type { FetchedText } from './fetch-text.ts';

export interface ProbeRules {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly maxConcurrency: number;
}

/** What one probe found. */
export interface Finding {
  readonly up: boolean;
  /** Why not; '' when up. */
  readonly reason: string;
  /** Up, but something the operator should hear about; '' = nothing. */
  readonly notice: string;
}

const FIRST_RETRY_MS = 5000;
const FIRST_RETRIES_FOR_MS = 120_000;

export class ProbeRecord {
  state = PROBE_UNKNOWN;
  /** Failures in a row. */
  failures = 0;
  everUp = false;
  /** Why the last probe failed; '' after a success. */
  reason = '';
  sinceMs: number;
  nextAtMs: number;
  readonly #bornMs: number;

  constructor(nowMs: number) {
    this.#bornMs = nowMs;
    this.sinceMs = nowMs;
    this.nextAtMs = nowMs;
  }

  /** Takes in a finding; true when the state changed. */
  take(finding: Finding, nowMs: number, rules: ProbeRules): boolean {
    const before = this.state;
    this.reason = finding.reason;
    if (finding.up) {
      this.failures = 0;
      this.everUp = true;
      this.state = PROBE_UP;
    } else {
      this.failures++;
      if (this.failures >= rules.failureThreshold) this.state = PROBE_DOWN;
    }
    if (this.state === before) return false;
    this.sinceMs = nowMs;
    return true;
  }

  /** Sets the time of the next probe; `chance` (0 … 1) spreads what started together. */
  plan(nowMs: number, rules: ProbeRules, chance: number): void {
    const eager = !this.everUp && nowMs - this.#bornMs < FIRST_RETRIES_FOR_MS;
    const gapMs = eager ? Math.min(FIRST_RETRY_MS, rules.intervalMs) : rules.intervalMs;
    this.nextAtMs = nowMs + gapMs * (0.8 + 0.4 * chance);
  }
}

/** Our own want of sockets or ports: the endpoint was never asked. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL']);

/** Whether the attempt to probe says nothing about the endpoint. */
export function isInconclusive({ error }: FetchedText): boolean {
  return EXHAUSTED.has(error);
}

/** Judges the answer to `GET {api_base}/models`. */
export function judge(answer: FetchedText, upstreamModel: string, timeoutMs: number): Finding {
  const { status, text, error } = answer;
  if (error === 'too-large') return up('the model list is too large to read');
  if (error !== '') return down(reasonOfError(error, timeoutMs));
  if (status === 200) return up(missingModel(text, upstreamModel));
  if (status === 401 || status === 403) return down(`wrong key: answered ${status}`);
  if (status === 404 || status === 405) return up(`has no model list: answered ${status}`);
  // Asked too often: somebody is there.
  if (status === 429) return up('');
  return down(`answered ${status}`);
}

function up(notice: string): Finding {
  return { up: true, reason: '', notice };
}

function down(reason: string): Finding {
  return { up: false, reason, notice: '' };
}

function reasonOfError(error: string, timeoutMs: number): string {
  if (error === 'timeout') return `no answer within ${timeoutMs} ms`;
  if (error === 'ECONNREFUSED') return 'connection refused';
  if (error === 'ECONNRESET') return 'connection reset';
  if (error === 'ENOTFOUND') return 'host name not found';
  return error;
}

/** A notice when the list names models, but not ours. */
function missingModel(text: string, model: string): string {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return '';
  }
  const data = (list as { data?: unknown } | null)?.data;
  if (!Array.isArray(data) || data.length === 0) return '';
  if (data.some((card: { id?: unknown } | null) => card?.id === model)) return '';
  return `does not list the model "${model}"`;
}
