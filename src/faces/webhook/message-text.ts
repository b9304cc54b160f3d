/**
 * Alerts as texts for people: a title, and lines that robots show as simple markdown. Pure.
 * Invariants: a text is at most MAX_TEXT_BYTES of UTF-8 (WeCom's limit for markdown; the other
 * robots take more) and is cut between characters; what does not fit is counted, not dropped
 * silently; nothing from outside can become markup or a mention of a person.
 */
import type { FleetStatus, ModelStatus } from '../../control/status.ts';
import { harmless } from '../harmless.ts';
import type { Alert, Trouble } from './alert.ts';

export const MAX_TEXT_BYTES = 4096;
/** "… and 4096 more" fits. */
const MORE_BYTES = 32;
const MAX_NAME_BYTES = 300;

export interface MessageText {
  readonly title: string;
  /** Markdown without the title, lines separated by `\n`. */
  readonly text: string;
}

/** What to say about `alert`; `host` names this router. */
export function messageText(alert: Alert, host: string): MessageText {
  const title = titleOf(alert);
  const head = [`router: ${code(host)}`];
  if (alert.kind === 'test') {
    return composed(title, [...head, 'Alerts of this router arrive here.'], []);
  }
  const { fleet, troubles, kind } = alert;
  head.push(`endpoints: ${fleet.healthy} of ${fleet.endpoints.length} healthy`);
  const recovered = kind === 'recovery';
  const lines = troubles.map((trouble) => troubleLine(trouble, recovered));
  if (kind === 'failure' || recovered) return composed(title, head, lines);
  head.push(...totals(fleet, alert.shortFailures, kind));
  return composed(title, head, [...lines, ...fleet.models.map(modelLine)]);
}

/** The longest beginning of `text` of at most `maxBytes` that does not split a character. */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // A byte 10xxxxxx goes on with the character before it.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function titleOf(alert: Alert): string {
  if (alert.kind === 'test') return 'LLM Router: test message';
  const count = alert.troubles.length;
  const endpoints = `${count} ${count === 1 ? 'endpoint' : 'endpoints'}`;
  if (alert.kind === 'failure') return `LLM Router: ${endpoints} failing`;
  if (alert.kind === 'recovery') return `LLM Router: ${endpoints} recovered`;
  return alert.kind === 'startup' ? 'LLM Router: started' : 'LLM Router: report';
}

function totals(fleet: FleetStatus, shortFailures: number, kind: Alert['kind']): string[] {
  if (kind === 'startup') return [];
  const { uptimeMs, requests, succeeded } = fleet;
  const lines = [
    `uptime: ${durationText(uptimeMs)}`,
    `requests since start: ${requests}, of them ${succeeded} answered well`,
  ];
  if (shortFailures > 0) lines.push(`failures that passed without an alert: ${shortFailures}`);
  return lines;
}

function troubleLine({ id, cause, forMs, flapping }: Trouble, recovered: boolean): string {
  const name = code(id);
  if (recovered) return `- ${name} works again after ${durationText(forMs)}`;
  const why = cause === '' ? 'requests fail' : plain(cause);
  const often = flapping ? ', fails again and again' : '';
  return `- ${name}: ${why}, for ${durationText(forMs)}${often}`;
}

function modelLine({ name, healthy, total, requestsPerMinute }: ModelStatus): string {
  return `- ${code(name)}: ${healthy} of ${total} healthy, ${requestsPerMinute} requests a minute`;
}

/** As many of `lines` as fit below the title and `head`, and how many do not. */
function composed(title: string, head: readonly string[], lines: readonly string[]): MessageText {
  const kept = [...head];
  // Robots without a title get it as a first line; some want each line break twice.
  let bytes = sizeOf(title) + 8;
  for (const line of head) bytes += sizeOf(line) + 2;
  for (const [index, line] of lines.entries()) {
    bytes += sizeOf(line) + 2;
    if (bytes > MAX_TEXT_BYTES - MORE_BYTES) {
      kept.push(`… and ${lines.length - index} more`);
      break;
    }
    kept.push(line);
  }
  return { title, text: kept.join('\n') };
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** A name from outside, shown as it is. */
function code(name: string): string {
  return `\`${plain(name).replaceAll('`', "'")}\``;
}

/** On one line, without what could begin markup, a link to a person or an escape sequence. */
function plain(text: string): string {
  const safe = harmless(text).replaceAll('<', '‹').replaceAll('>', '›');
  return cutText(safe, MAX_NAME_BYTES);
}

/** `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
