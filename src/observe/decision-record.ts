/**
 * A decision record as operators read it: times of the wall clock, snake_case, and the course of
 * the request in sentences. Invariant: it holds what the record holds; no body, no field, no key.
 */
import { ERRORS } from '../core/errors.ts';
import type { Candidate, DecisionRecord, RequestStep } from '../core/request-record.ts';
import { placementJson, placementSentence } from './placement-record.ts';

/** Where a running request is. */
type Phase = 'reading' | 'queued' | 'attempt' | 'backoff' | 'answering';

/** `wallOffsetMs`: add it to a time of the Clock to have one of the wall clock. */
export function decisionJson(record: DecisionRecord, wallOffsetMs: number): object {
  const { steps, running, startedMs } = record;
  const over = running ? {} : { status: record.status, outcome: record.outcome };
  return {
    id: record.id,
    at_ms: Math.round(startedMs + wallOffsetMs),
    running,
    ...(running ? { phase: phaseOf(steps), age_ms: record.totalMs } : over),
    method: record.method,
    route: record.route,
    model: record.model,
    key: record.key === '' ? null : record.key,
    endpoint: record.endpoint === '' ? null : record.endpoint,
    attempts: record.attempts,
    ttfb_ms: record.ttfbMs < 0 ? null : record.ttfbMs,
    ttft_ms: record.ttftMs < 0 ? null : record.ttftMs,
    total_ms: running ? null : record.totalMs,
    bytes_up: record.bytesUp,
    bytes_down: record.bytesDown,
    tokens_in: record.tokensIn < 0 ? null : record.tokensIn,
    tokens_out: record.tokensOut < 0 ? null : record.tokensOut,
    worker: record.worker,
    ...(record.placement === undefined ? {} : { placement: placementJson(record.placement) }),
    steps: steps.map(stepJson),
    story: storyOf(record),
  };
}

function stepJson({ atMs, step, endpoint, detail, candidates }: RequestStep): object {
  return {
    at_ms: atMs,
    step,
    ...(endpoint === '' ? {} : { endpoint }),
    ...(detail === '' ? {} : { detail }),
    ...(candidates.length === 0 ? {} : { candidates: candidates.map(candidateJson) }),
  };
}

function candidateJson({ endpoint, inFlight, waiting, rpm, excluded }: Candidate): object {
  return {
    endpoint,
    in_flight: inFlight,
    waiting: waiting < 0 ? null : waiting,
    rpm_used: rpm,
    excluded: excluded === '' ? null : excluded,
  };
}

function phaseOf(steps: readonly RequestStep[]): Phase {
  const last = steps.at(-1);
  if (last === undefined) return 'reading';
  if (last.step === 'committed') return 'answering';
  if (last.step === 'waits' || last.step === 'fallback') return 'queued';
  return last.detail === 'after_backoff' ? 'backoff' : 'attempt';
}

/** One sentence a step, and one for the end. */
function storyOf(record: DecisionRecord): string[] {
  const story = record.steps.map((step) => `${step.atMs} ms: ${sentenceOf(step)}`);
  const why = record.placement === undefined ? '' : placementSentence(record.placement);
  if (why !== '') story.push(why);
  if (!record.running) story.push(`${record.totalMs} ms: ${endOf(record)}`);
  return story;
}

function sentenceOf({ step, endpoint, detail, candidates }: RequestStep): string {
  switch (step) {
    case 'waits':
      return `no endpoint has a place, so it waits${whyNot(candidates)}.`;
    case 'attempt':
      return `it is tried on ${endpoint}${among(candidates)}.`;
    case 'failed':
      return `that failed: ${messageOf(detail)}`;
    case 'retry':
      return `it is tried again (${detail.replaceAll('_', ' ')}).`;
    case 'fallback':
      return `it falls back to the model ${detail}.`;
    default:
      return 'the first byte of the answer went to the client.';
  }
}

function endOf({ outcome, status, model }: DecisionRecord): string {
  if (outcome === 'ok') return `answered ${status}.`;
  if (outcome === 'refused') return `refused with ${status}.`;
  if (outcome === 'client_gone') return 'the client went away.';
  return `ended with ${status}: ${messageOf(outcome).replace('"…"', `"${model}"`)}`;
}

/** The table's sentence; a detail that only a request has is left out of it. */
function messageOf(code: string): string {
  const rows: Readonly<Record<string, { readonly message: string }>> = ERRORS;
  return Object.hasOwn(rows, code) ? rows[code]!.message.replaceAll('{}', '…') : `${code}.`;
}

function among(candidates: readonly Candidate[]): string {
  const open = candidates.filter(({ excluded }) => excluded === '').length;
  return candidates.length === 0 ? '' : `, one of ${open} open of ${candidates.length}`;
}

/** ` (2 rate limit, 1 down)`. */
function whyNot(candidates: readonly Candidate[]): string {
  const counts = new Map<string, number>();
  for (const { excluded } of candidates) {
    if (excluded !== '') counts.set(excluded, (counts.get(excluded) ?? 0) + 1);
  }
  const words = [...counts].map(([why, count]) => `${count} ${why.replaceAll('_', ' ')}`);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
