/**
 * The life of one endpoint in the prober's eyes. Pure.
 *   UNKNOWN  never answered; no traffic. A success makes it UP, `failureThreshold` failures DOWN.
 *   UP       `failureThreshold` failures in a row make it DOWN.
 *   DOWN     `recoveryThreshold` successes in a row make it UP.
 * An endpoint that has never been up is asked again every 5 s for two minutes (it may be loading
 * its model, and nothing else watches it), then at the ordinary interval. One that is down and
 * answered well, but not often enough yet, is asked as soon: nobody should wait for a formality.
 */
import { PROBE_DOWN, PROBE_UNKNOWN, PROBE_UP } from '../core/columns.ts';
import { matchPattern } from '../core/model-pattern.ts';
import type { FetchedText } from './fetch-text.ts';

export interface ProbeRules {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
  readonly maxConcurrency: number;
}

/** What one probe found. */
export interface Finding {
  readonly up: boolean;
  /** Why not, as a short code for programs (`connection_refused`); '' when up. */
  readonly code: string;
  /** Why not, in words; '' when up. */
  readonly reason: string;
  /** Up, but something the operator should hear about; '' = nothing. */
  readonly notice: string;
  /** The engine that the answer names as the models' owner; '' = it does not say. */
  readonly engine: string;
}

/** A probe that is over, for the endpoint's page. */
export interface ProbeResult extends Finding {
  readonly atMs: number;
  readonly tookMs: number;
}

const FIRST_RETRY_MS = 5000;
const FIRST_RETRIES_FOR_MS = 120_000;

export class ProbeRecord {
  state = PROBE_UNKNOWN;
  /** Failures in a row. */
  failures = 0;
  /** Successes in a row. */
  successes = 0;
  everUp = false;
  /** Why the last probe failed, as a code and in words; '' after a success. */
  code = '';
  reason = '';
  /** When a probe last succeeded; 0 = never. */
  lastGoodMs = 0;
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
    this.code = finding.code;
    this.reason = finding.reason;
    if (finding.up) {
      this.failures = 0;
      this.successes++;
      this.everUp = true;
      this.lastGoodMs = nowMs;
      const suffices = before !== PROBE_DOWN || this.successes >= rules.recoveryThreshold;
      if (suffices) this.state = PROBE_UP;
    } else {
      this.successes = 0;
      this.failures++;
      if (this.failures >= rules.failureThreshold) this.state = PROBE_DOWN;
    }
    if (this.state === before) return false;
    this.sinceMs = nowMs;
    return true;
  }

  /** Sets the time of the next probe; `chance` (0 … 1) spreads what started together. */
  plan(nowMs: number, rules: ProbeRules, chance: number): void {
    const isNew = !this.everUp && nowMs - this.#bornMs < FIRST_RETRIES_FOR_MS;
    const isComingBack = this.state === PROBE_DOWN && this.successes > 0;
    const gapMs =
      isNew || isComingBack ? Math.min(FIRST_RETRY_MS, rules.intervalMs) : rules.intervalMs;
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
  if (error === 'too-large') return up('the model list is too large to read', '');
  if (error !== '') return reasonOfError(error, timeoutMs);
  if (status === 200) return judgeList(text, upstreamModel);
  if (status === 401 || status === 403) return down('wrong_key', `wrong key: answered ${status}`);
  if (status === 404 || status === 405) return up(`has no model list: answered ${status}`, '');
  // Asked too often: somebody is there.
  if (status === 429) return up('', '');
  return down(`status_${status}`, `answered ${status}`);
}

function up(notice: string, engine: string): Finding {
  return { up: true, code: '', reason: '', notice, engine };
}

function down(code: string, reason: string): Finding {
  return { up: false, code, reason, notice: '', engine: '' };
}

function reasonOfError(error: string, timeoutMs: number): Finding {
  if (error === 'timeout' || error === 'ETIMEDOUT') {
    return down('timeout', `no answer within ${timeoutMs} ms`);
  }
  const fault = FAULTS.find(([pattern]) => pattern.test(error));
  if (fault === undefined) return down(error.toLowerCase(), error);
  const [, code, words] = fault;
  return down(code, code === 'certificate' ? `${words} (${error})` : words);
}

/** What `err.code` looks like, code, words. */
const FAULTS: readonly (readonly [pattern: RegExp, code: string, words: string])[] = [
  [/^ECONNREFUSED$/, 'connection_refused', 'connection refused'],
  [/^(ECONNRESET|EPIPE)$/, 'connection_reset', 'connection reset'],
  [/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/, 'host_not_found', 'host name not found'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, 'unreachable', 'no route to the host'],
  [/CERT|^UNABLE_TO_|HOSTNAME_MISMATCH/, 'certificate', 'its TLS certificate is not trusted'],
];

interface ModelCard {
  readonly id?: unknown;
  readonly owned_by?: unknown;
}

/** Owners that engines write into their lists, by their names as metrics dialects. */
const OWNERS: ReadonlyMap<unknown, string> = new Map([
  ['vllm', 'vllm'],
  ['sglang', 'sglang'],
  ['llamacpp', 'llamacpp'],
  ['lmdeploy', 'lmdeploy'],
  ['tensorrt_llm', 'tensorrt-llm'],
  ['library', 'ollama'],
]);

/** A list that names models, but not ours, deserves a notice. */
function judgeList(text: string, model: string): Finding {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return up('', '');
  }
  const data = (list as { data?: unknown } | null)?.data;
  if (!Array.isArray(data) || data.length === 0) return up('', '');
  const cards = data as readonly (ModelCard | null)[];
  const engine = OWNERS.get(cards[0]?.owned_by) ?? '';
  // Of a pattern, whatever its stars stand for.
  const listed = cards.some((card) => {
    return typeof card?.id === 'string' && matchPattern(model, card.id) !== undefined;
  });
  return up(listed ? '' : `does not list the model "${model}"`, engine);
}
