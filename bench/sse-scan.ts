/**
 * What the scanner of event streams adds to each event: `node bench/sse-scan.ts` prints
 * nanoseconds per event of about 300 bytes, one event in a chunk and many.
 */
import { SseScanner } from '../src/openai/sse-scanner.ts';

const ROUNDS = 5;
const EVENTS = 400_000;

function openaiEvent(lineEnd: string): Buffer {
  const json = JSON.stringify({
    id: 'chatcmpl-3f9d0c6e5b7a4e1f8a2b',
    object: 'chat.completion.chunk',
    created: 1760000000,
    model: 'example/model-32b-instruct',
    choices: [{ index: 0, delta: { content: ' word' }, logprobs: null, finish_reason: null }],
    usage: null,
    system_fingerprint: null,
    service_tier: 'default',
  });
  return Buffer.from(`data: ${json}${lineEnd}${lineEnd}`);
}

function anthropicEvent(): Buffer {
  const text = 'x'.repeat(200);
  const json = JSON.stringify({ type: 'content_block_delta', index: 0, delta: { text } });
  return Buffer.from(`event: content_block_delta\ndata: ${json}\n\n`);
}

/** Nanoseconds per event, best of ROUNDS; each chunk lies in a large, mostly stale buffer. */
function measure(dialect: 'openai' | 'anthropic', event: Buffer, eventsPerChunk: number): number {
  const chunk = Buffer.alloc(65536);
  const bytes = Buffer.concat(Array.from({ length: eventsPerChunk }, () => event));
  bytes.copy(chunk);
  const scanner = new SseScanner();
  const chunks = Math.ceil(EVENTS / eventsPerChunk);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    scanner.reset(dialect, true);
    const from = process.hrtime.bigint();
    for (let i = 0; i < chunks; i++) scanner.scan(chunk, 0, bytes.length);
    const ns = Number(process.hrtime.bigint() - from);
    if (scanner.events !== chunks * eventsPerChunk) throw new Error('events were lost');
    best = Math.min(best, ns / scanner.events);
  }
  return best;
}

/** The same event in two chunks. */
function measureCut(event: Buffer): number {
  const scanner = new SseScanner();
  const middle = event.length >> 1;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    scanner.reset('openai', true);
    const from = process.hrtime.bigint();
    for (let i = 0; i < EVENTS; i++) {
      scanner.scan(event, 0, middle);
      scanner.scan(event, middle, event.length);
    }
    best = Math.min(best, Number(process.hrtime.bigint() - from) / EVENTS);
  }
  return best;
}

const lf = openaiEvent('\n');
const crlf = openaiEvent('\r\n');
const rows: readonly (readonly [string, number, number])[] = [
  ['openai, one event a chunk', lf.length, measure('openai', lf, 1)],
  ['openai, one event a chunk, CRLF', crlf.length, measure('openai', crlf, 1)],
  ['openai, one event in two chunks', lf.length, measureCut(lf)],
  ['openai, 100 events a chunk', lf.length, measure('openai', lf, 100)],
  [
    'anthropic, one event a chunk',
    anthropicEvent().length,
    measure('anthropic', anthropicEvent(), 1),
  ],
];
for (const [name, bytes, ns] of rows) {
  console.log(
    `${name.padEnd(34)} ${String(bytes).padStart(4)} bytes ${ns.toFixed(0).padStart(5)} ns/event`,
  );
}
