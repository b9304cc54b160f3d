/**
 * Writes docs/metrics.md from the metric table: `node tools/metrics-doc.ts` writes the page, with
 * `--check` it exits 1 when the page is stale. What single sentences cannot say stands here.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  ENDPOINT_METRICS,
  LATENCY_METRICS,
  type Metric,
  PROCESS_METRICS,
  REQUEST_METRICS,
} from '../src/control/metrics/metric-table.ts';
import { MAX_ENDPOINTS, MAX_MODELS } from '../src/control/metrics/series.ts';

const SECTIONS: readonly (readonly [string, Readonly<Record<string, Metric>>])[] = [
  ['Requests', REQUEST_METRICS],
  ['Times', LATENCY_METRICS],
  ['Endpoints', ENDPOINT_METRICS],
  ['Router and process', PROCESS_METRICS],
];

const INTRO = `<!-- Written by tools/metrics-doc.ts from src/control/metrics/metric-table.ts;
     do not edit. -->
# Metrics

\`GET /metrics\` on the operators' listener (\`dashboard.host\` and \`dashboard.web_port\`, by
default \`http://127.0.0.1:8080/metrics\`) answers in the text format of Prometheus, or in
OpenMetrics where \`Accept\` prefers it. With \`dashboard.token\` the scrape needs it as a bearer
token. A scrape reads shared memory only: it takes no time from requests.
[examples/](../examples) has a scrape configuration, alert rules and a Grafana dashboard.
`;

const LABELS = `## Labels

\`model\` is the name that clients ask for, \`endpoint\` the \`api_base\` of an engine. The first
${MAX_MODELS} models and ${MAX_ENDPOINTS} endpoints have values of their own; what is beyond shares
the value \`other\`, so that sums stay true and a scrape stays bounded.
\`llm_router_metrics_folded\` tells how many do. An endpoint that was removed disappears about a
minute after it has drained; the histograms of its model keep what it served.

\`class\` of a request: \`ok\` (answered below 400), \`client_error\` (4xx), \`server_error\` (5xx,
or an answer that broke), \`client_gone\` (the client left first). A request for a model that does
not exist has no model to be counted at: look for \`model_not_found\` among the errors.
`;

const TIMES = `## What the times measure

All times are taken in the worker, when bytes are handed to or come from the kernel.

- *Time to first byte* and *time to first token* begin when the request's head has been read, so
  they include the upload of the body, waiting, and every attempt. An answer's head is held back
  until its first body byte (an event stream's: its first whole event), so for streams the two
  differ only when the engine sends comments first or \`timeouts.head_hold_ms\` is over.
- A *first token* is the first event with data. Streams of messages and responses begin with one
  that holds no token yet (\`message_start\`, \`response.created\`); some engines send it at once.
- *Event interval*: streams of chat completions, completions, messages and responses. Two events
  that arrive in one read share the interval to the write before. The events that end a stream
  (finish reason, usage, \`[DONE]\`) do not count.
- *Overhead* is the time that the router itself adds: from the request read whole to its first
  attempt written to the engine's connection (choosing, and opening a connection where none is
  idle), plus from the read that completes the first part of the answer to that part written to the
  client. Left out are requests that waited for a place, were repeated, or failed: their time
  is not the router's own. Not seen is the time that bytes wait in the kernel because a worker is
  busy: \`llm_router_event_loop_delay_seconds\` tells that.
- *Event-loop delay*: a timer of 20 ms runs in each worker while any request or idle connection
  waits for something; the metric is how late it comes. Up to a millisecond is rounding.

Histograms have a bucket for each doubling; quantiles on the dashboard come from buckets four times
as fine.
`;

const TOKENS = `## Tokens

Token counts come from the \`usage\` that engines put into answers, never from counting text. For
that, the router adds \`"stream_options":{"include_usage":true}\` to streams of chat completions and
completions whose client did not ask for it, and takes the event that holds nothing but the usage
out of the stream again; \`monitor.stream_usage: false\` switches that off. An engine that refuses
the question with 400 or 422 is sent the request again without it and not asked any more.
\`llm_router_usage_reports_total\` says how many answers the counts cover. Prompt tokens of
\`/v1/messages\` include those read from and written to the cache.
`;

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function section([title, metrics]: (typeof SECTIONS)[number]): string {
  const rows = Object.values(metrics).map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${cell(help)} |`;
  });
  return [
    `## ${title}\n`,
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function page(): string {
  return `${[INTRO, ...SECTIONS.map(section), LABELS, TIMES, TOKENS]
    .join('\n\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

const path = fileURLToPath(new URL('../docs/metrics.md', import.meta.url));
const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
if (!process.argv.includes('--check')) writeFileSync(path, page());
else if (current !== page()) {
  console.error('docs/metrics.md is stale: run `node tools/metrics-doc.ts`');
  process.exitCode = 1;
}
