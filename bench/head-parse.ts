/**
 * What the HTTP/1.1 codec costs: nanoseconds for the head of a request as the openai client sends
 * it, for the head and the chunks of a streamed answer, and for forwarding the fields.
 * Run: node bench/head-parse.ts [milliseconds per row]
 */
import { BODY_CHUNKED, BodyFraming } from '../src/http1/body-framing.ts';
import { FIELD_AUTHORIZATION, FIELD_CONTENT_LENGTH, FIELD_HOST } from '../src/http1/fields.ts';
import { HeadWriter, writeForwardedFields } from '../src/http1/head-writer.ts';
import { parseRequestHead, RequestHead } from '../src/http1/request-head.ts';
import { parseResponseHead, ResponseHead } from '../src/http1/response-head.ts';

const ROW_MS = Number(process.argv[2] ?? 500);
const BATCH = 1000;

const requestBytes = Buffer.from(
  [
    'POST /v1/chat/completions HTTP/1.1',
    'host: 127.0.0.1:8000',
    'connection: keep-alive',
    'Accept: application/json',
    'Content-Type: application/json',
    'User-Agent: OpenAI/JS 6.49.0',
    'X-Stainless-Lang: js',
    'X-Stainless-Package-Version: 6.49.0',
    'X-Stainless-OS: Linux',
    'X-Stainless-Arch: x64',
    'X-Stainless-Runtime: node',
    'X-Stainless-Runtime-Version: v24.21.0',
    'Authorization: Bearer sk-0123456789abcdef0123456789abcdef',
    'accept-language: *',
    'sec-fetch-mode: cors',
    'accept-encoding: gzip, deflate',
    'content-length: 1024',
    '',
    '',
  ].join('\r\n'),
);

const responseBytes = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'date: Mon, 01 Sep 2025 10:00:00 GMT',
    'server: uvicorn',
    'content-type: text/event-stream; charset=utf-8',
    'x-request-id: 0c5c9c2e-7b66-4a51-9d3f-0d1f4b1f8c11',
    'transfer-encoding: chunked',
    '',
    '',
  ].join('\r\n'),
);

const event =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,' +
  '"model":"m","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}\n\n';
const chunkBytes = Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`);

const request = new RequestHead();
const response = new ResponseHead();
const framing = new BodyFraming();
const out = new HeadWriter(4096);
const drop = new Uint8Array(256);
drop[FIELD_HOST] = 1;
drop[FIELD_CONTENT_LENGTH] = 1;
drop[FIELD_AUTHORIZATION] = 1;
framing.reset(BODY_CHUNKED, 0);

let sink = 0;

/** Times batches and prints the median and the best: the best is what the machine can do. */
function measure(name: string, bytes: number, once: () => void): void {
  for (let i = 0; i < 20 * BATCH; i++) once();
  const samples: number[] = [];
  const deadline = performance.now() + ROW_MS;
  for (let startedAt = performance.now(); startedAt < deadline; ) {
    for (let i = 0; i < BATCH; i++) once();
    const endedAt = performance.now();
    samples.push(((endedAt - startedAt) * 1e6) / BATCH);
    startedAt = endedAt;
  }
  samples.sort((a, b) => a - b);
  const median = samples[samples.length >> 1].toFixed(0).padStart(6);
  const best = samples[0].toFixed(0).padStart(6);
  console.log(`${`${name} (${bytes} bytes)`.padEnd(32)} median ${median} ns  best ${best} ns`);
}

measure('request head', requestBytes.length, () => {
  sink += parseRequestHead(requestBytes, 0, requestBytes.length, request);
});
measure('response head', responseBytes.length, () => {
  sink += parseResponseHead(responseBytes, 0, responseBytes.length, response);
});
measure('SSE chunk', chunkBytes.length, () => {
  let pos = 0;
  while (pos < chunkBytes.length) pos = framing.next(chunkBytes, pos, chunkBytes.length);
  sink += framing.dataEnd;
});
parseRequestHead(requestBytes, 0, requestBytes.length, request);
measure('forwarded fields', requestBytes.length, () => {
  out.reset();
  writeForwardedFields(out, requestBytes, request, drop);
  sink += out.length;
});
if (sink <= 0) throw new Error('the codec consumed nothing');
