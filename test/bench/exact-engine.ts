/**
 * An engine that answers every request with one stream whose events leave at exact times: it looks
 * at the clock all the time instead of trusting timers, which it only has wake it shortly before.
 * On a port of its own, in a thread of its own, so that nobody else's work delays it.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Pace {
  readonly firstMs: number;
  readonly gapMs: number;
  readonly tokens: number;
}

export interface ExactEngine {
  readonly url: string;
  close(): Promise<unknown>;
}

export async function startExactEngine(pace: Pace): Promise<ExactEngine> {
  const thread = new Worker(new URL(import.meta.url), { workerData: pace });
  const [port] = (await once(thread, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, close: () => thread.terminate() };
}

const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n' +
  'x-llm-router-endpoint: exact@here\r\ntransfer-encoding: chunked\r\n\r\n';
const TOKEN = chunk('{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}');

function chunk(event: string): string {
  const data = `data: ${event}\n\n`;
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
}

function closing({ tokens }: Pace): string {
  const usage = `{"prompt_tokens":5,"total_tokens":9,"completion_tokens":${tokens}}`;
  const finish = chunk('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}');
  return `${finish}${chunk(`{"choices":[],"usage":${usage}}`)}${chunk('[DONE]')}0\r\n\r\n`;
}

/** A thread that never sleeps is the first that the system takes its core from. */
const WATCH_MS = 2;

function serve(pace: Pace): void {
  const due: { atMs: number; write: () => void }[] = [];
  const spin = (): void => {
    const nowMs = performance.now();
    while (due.length > 0 && due[0]!.atMs <= nowMs) due.shift()!.write();
    if (due.length === 0) return;
    const waitMs = due[0]!.atMs - performance.now() - WATCH_MS;
    if (waitMs >= 1) setTimeout(spin, Math.floor(waitMs));
    else setImmediate(spin);
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      // Requests are small and come one at a time.
      if (!bytes.toString('latin1').startsWith('POST')) return;
      const startMs = performance.now();
      const wasIdle = due.length === 0;
      for (let token = 0; token < pace.tokens; token++) {
        const atMs = startMs + pace.firstMs + token * pace.gapMs;
        const text = (token === 0 ? HEAD : '') + TOKEN;
        const last = token === pace.tokens - 1 ? closing(pace) : '';
        due.push({ atMs, write: () => socket.write(text + last) });
      }
      due.sort((a, b) => a.atMs - b.atMs);
      if (wasIdle) spin();
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    parentPort!.postMessage(typeof address === 'object' ? address?.port : 0);
  });
}

if (!isMainThread) serve(workerData as Pace);
