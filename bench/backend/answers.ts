/**
 * The engine's side of the workload, as constant bytes: a chat completion of about 0.6 KB, SSE
 * events of about 0.2 KB with a time stamp of fixed width, and what a prober or scraper asks for.
 */
import { STAMP_DIGITS, STAMP_MARK } from '../stamp.ts';

const CONTENT =
  'The route is chosen by the name of the model; every engine of that name forms one cluster, ' +
  'and a request goes to the engine that the strategy of the cluster prefers at that moment. ' +
  'When an engine fails before its first byte, another one of the cluster takes the request.';

const COMPLETION = JSON.stringify({
  id: 'chatcmpl-0123456789abcdef0123456789abcdef',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: CONTENT, tool_calls: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 231, total_tokens: 295, completion_tokens: 64 },
});

const MODELS = JSON.stringify({
  object: 'list',
  data: [{ id: 'bench', object: 'model', created: 1_700_000_000, owned_by: 'bench' }],
});

const METRICS = [
  '# TYPE vllm:num_requests_running gauge',
  'vllm:num_requests_running{engine="0",model_name="bench"} 0.0',
  '# TYPE vllm:num_requests_waiting gauge',
  'vllm:num_requests_waiting{engine="0",model_name="bench"} 0.0',
  '',
].join('\n');

export const COMPLETION_ANSWER = answer('200 OK', 'application/json', COMPLETION);
export const MODELS_ANSWER = answer('200 OK', 'application/json', MODELS);
export const METRICS_ANSWER = answer('200 OK', 'text/plain; version=0.0.4', METRICS);
export const NOT_FOUND_ANSWER = answer('404 Not Found', 'application/json', '{}');

export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n' +
  'Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';

export const STREAM_END = `${chunk('data: [DONE]\n\n')}0\r\n\r\n`;

const EVENT_START =
  'data: {"id":"chatcmpl-0123456789abcdef0123456789abcdef","object":"chat.completion.chunk",' +
  '"created":1700000000,"model":"bench","choices":[{"index":0,"delta":{"content":" token"},' +
  `"logprobs":null,"finish_reason":null}],${STAMP_MARK}`;
const EVENT_END = '}\n\n';
const CHUNK_SIZE = (EVENT_START.length + STAMP_DIGITS + EVENT_END.length).toString(16);
const CHUNK_START = `${CHUNK_SIZE}\r\n${EVENT_START}`;
const CHUNK_END = `${EVENT_END}\r\n`;

/** One event as one chunk; `nowUs` is written with the fixed number of digits. */
export function eventChunk(nowUs: number): string {
  return CHUNK_START + Math.floor(nowUs).toString().padStart(STAMP_DIGITS, '0') + CHUNK_END;
}

function chunk(body: string): string {
  return `${body.length.toString(16)}\r\n${body}\r\n`;
}

function answer(status: string, contentType: string, body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nServer: bench\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
