/**
 * What is wrong with an endpoint, asked directly: GET {api_base}/models with its key and, for
 * engines of one's own, the metrics page. Names the cause, not only the symptom. Invariants: the
 * key goes to the configured address only; nothing that an engine says is printed unescaped.
 */

import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { printable } from '../config/problem.ts';
import { nearest } from '../config/suggest.ts';
import { readReport } from '../control/dialects/detect.ts';
import type { FetchedText, FetchText } from '../control/fetch-text.ts';
import { matchPattern } from '../core/model-pattern.ts';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Stable, for programs. */
  readonly cause: Cause;
  readonly message: string;
}

type Cause =
  | 'refused'
  | 'timeout'
  | 'dns'
  | 'unreachable'
  | 'reset'
  | 'certificate'
  | 'speaks-https'
  | 'speaks-http'
  | 'wrong-key'
  | 'wrong-model'
  | 'no-model-list'
  | 'status'
  | 'no-metrics'
  | 'failed';

export interface EndpointCheck {
  readonly entry: EndpointEntry;
  readonly findings: readonly Finding[];
  /** What the engine lists, cut to a readable number. */
  readonly models: readonly string[];
  /** Who wrote the metrics page; '' when nobody was asked or none was understood. */
  readonly engine: string;
}

export interface CheckParts {
  readonly fetchText: FetchText;
  readonly timeoutMs: number;
  /** Endpoints asked at once. */
  readonly concurrency: number;
}

const MAX_LISTED = 10;
const METRICS_PATHS = ['/metrics', '/prometheus/metrics'];

/** Asks all endpoints; the results stand in the order of `entries`. */
export async function checkEndpoints(
  entries: readonly EndpointEntry[],
  parts: CheckParts,
): Promise<EndpointCheck[]> {
  const checks: EndpointCheck[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < entries.length; index = next++) {
      checks[index] = await checkEndpoint(entries[index]!, parts);
    }
  };
  await Promise.all(Array.from({ length: parts.concurrency }, work));
  return checks;
}

async function checkEndpoint(entry: EndpointEntry, parts: CheckParts): Promise<EndpointCheck> {
  const { apiBase } = entry;
  const answer = await parts.fetchText(`${apiBase}/models`, parts.timeoutMs, keyOf(entry));
  const models = answer.status === 200 ? modelsOf(answer.text) : [];
  const listed = models.slice(0, MAX_LISTED).map((id) => printable(id));
  const fault = await judge(entry, answer, models, parts);
  if (fault !== undefined && !isOfList(fault)) {
    return { entry, findings: [fault], models: listed, engine: '' };
  }
  const findings = fault === undefined ? [] : [fault];
  if (entry.sourceType === 'openai') return { entry, findings, models: listed, engine: '' };
  const metrics = await askMetrics(entry, parts);
  if (typeof metrics === 'string') return { entry, findings, models: listed, engine: metrics };
  return { entry, findings: [...findings, metrics], models: listed, engine: '' };
}

/** The engine lives, only its list is not as expected. */
function isOfList({ cause }: Finding): boolean {
  return cause === 'wrong-model' || cause === 'no-model-list';
}

function keyOf({ apiKey, own }: EndpointEntry): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!apiKey.isEmpty) fields.authorization = `Bearer ${apiKey.reveal()}`;
  for (const [name, value] of own?.headers ?? []) fields[name.toLowerCase()] = value.reveal();
  return fields;
}

async function judge(
  entry: EndpointEntry,
  answer: FetchedText,
  models: readonly string[],
  parts: CheckParts,
): Promise<Finding | undefined> {
  const { status, error } = answer;
  if (mayBeOtherScheme(entry.apiBase, answer)) {
    const swapped = await askOtherScheme(entry.apiBase, parts);
    if (swapped !== undefined) return swapped;
  }
  if (error !== '') return faultOfConnection(entry.apiBase, error, parts.timeoutMs);
  if (status === 401 || status === 403) {
    const given = entry.apiKey.isEmpty ? 'it wants a key, and there is no api_key' : 'wrong key';
    return fault('wrong-key', `${given} (answered ${status})`);
  }
  if (status === 404 || status === 405) {
    const hint = entry.apiBase.endsWith('/v1') ? '' : '; api_base usually ends in /v1';
    return fault('no-model-list', `it has no model list (answered ${status})${hint}`, 'warning');
  }
  if (status !== 200) return fault('status', `answered ${status}`);
  if (models.length === 0) {
    return fault('no-model-list', 'its answer is not a list of models', 'warning');
  }
  const isListed = models.some((id) => matchPattern(entry.upstreamModel, id) !== undefined);
  return isListed ? undefined : faultOfModel(entry, models);
}

function fault(cause: Cause, message: string, severity: Finding['severity'] = 'error'): Finding {
  return { cause, message, severity };
}

function faultOfModel({ upstreamModel, sourceType }: EndpointEntry, models: readonly string[]) {
  const shown = models.slice(0, MAX_LISTED).map((id) => printable(id));
  const more = models.length - shown.length;
  const near = nearest(upstreamModel, models);
  const message =
    `wrong model name: it has no "${printable(upstreamModel)}", only ${shown.join(', ')}` +
    (more > 0 ? ` and ${more} more` : '') +
    (near === undefined ? '' : `; did you mean "${printable(near)}"?`);
  // Providers take names that they do not list, such as aliases of the latest version.
  return fault('wrong-model', message, sourceType === 'openai' ? 'warning' : 'error');
}

/** [what `err.code` looks like, cause, words] */
const CONNECTION_FAULTS: readonly (readonly [RegExp, Cause, string])[] = [
  [/^ECONNREFUSED$/, 'refused', 'connection refused: nothing listens there'],
  [/^(ENOTFOUND|EAI_AGAIN|EAI_FAIL)$/, 'dns', 'host name not found'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, 'unreachable', 'no route to the host'],
  [/^(ECONNRESET|EPIPE)$/, 'reset', 'the connection was closed without an answer'],
  [/CERT|^UNABLE_TO_|HOSTNAME_MISMATCH/, 'certificate', 'its TLS certificate is not trusted'],
];

function faultOfConnection(apiBase: string, error: string, timeoutMs: number): Finding {
  if (error === 'timeout' || error === 'ETIMEDOUT') {
    return fault('timeout', `no answer within ${timeoutMs} ms`);
  }
  const row = CONNECTION_FAULTS.find(([pattern]) => pattern.test(error));
  if (row === undefined) return fault('failed', error);
  const [, cause, words] = row;
  if (cause === 'dns') return fault(cause, `${words}: ${new URL(apiBase).hostname}`);
  return fault(cause, cause === 'certificate' ? `${words} (${error})` : words);
}

const ODD = /^(ECONNRESET|EPIPE|EPROTO|ERR_UNKNOWN|HPE_\w+|ERR_SSL_\w+)$/;

/** The answer is one that speaking HTTP to TLS, or TLS to HTTP, can give. */
function mayBeOtherScheme(apiBase: string, { status, error }: FetchedText): boolean {
  if (ODD.test(error)) return true;
  // A plain HTTP server may wait for the end of what it takes for a line.
  return apiBase.startsWith('https:') ? error === 'timeout' : status === 400;
}

async function askOtherScheme(apiBase: string, parts: CheckParts): Promise<Finding | undefined> {
  const url = new URL(apiBase);
  const tls = url.protocol === 'https:';
  const port = url.port || (tls ? '443' : '80');
  const other = `${tls ? 'http' : 'https'}://${url.hostname}:${port}${url.pathname}`;
  // Without the key: nobody said that it may travel there.
  const { status, text, error } = await parts.fetchText(`${other}/models`, parts.timeoutMs, {});
  if (tls) {
    const isTlsToo = status === 400 && /https/i.test(text);
    if (status === 0 || isTlsToo) return undefined;
    return fault('speaks-http', 'https against http: it speaks plain HTTP; write http://');
  }
  if (status === 0 && !/CERT|^UNABLE_TO_|HOSTNAME_MISMATCH/.test(error)) return undefined;
  return fault('speaks-https', 'http against https: it speaks TLS; write https://');
}

/** The names of a model list; none when it is not one. */
function modelsOf(text: string): string[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  const data = (list as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) return [];
  return data.flatMap((card: { id?: unknown } | null) => {
    return typeof card?.id === 'string' ? [card.id] : [];
  });
}

const WITHOUT_METRICS = 'least-waiting counts only requests in flight there';

/** The engine's name, or why its load cannot be read. */
async function askMetrics(entry: EndpointEntry, parts: CheckParts): Promise<string | Finding> {
  const root = entry.apiBase.replace(/\/v1$/, '');
  let why = '';
  for (const path of METRICS_PATHS) {
    const answer = await parts.fetchText(root + path, parts.timeoutMs, keyOf(entry));
    const { engine } = answer.status === 200 ? readReport(answer.text) : { engine: 'unknown' };
    if (engine !== 'unknown') return engine;
    why ||= reasonOfMetrics(path, answer);
  }
  return fault('no-metrics', `no metrics: ${why}; ${WITHOUT_METRICS}`, 'warning');
}

function reasonOfMetrics(path: string, { status, error }: FetchedText): string {
  if (error !== '') return `${path} failed (${error})`;
  return status === 200 ? `${path} is a page of no known engine` : `${path} answered ${status}`;
}
