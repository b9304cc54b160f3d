/**
 * One router before one scripted engine, and requests written out by hand: what the tests of raw
 * HTTP behaviour share. The model of the engine is "m"; "alias" is the same engine under another
 * name, "keyed" the same with a key of its own.
 */
import { type Answer, connectRaw, exchangeRaw } from './raw-client.ts';
import { jsonAnswer, type RawEngine, type RecordedRequest, startRawEngine } from './raw-engine.ts';
import { type ConfigTree, type RunningRouter, startRouter } from './router.ts';

const BODY = '{"model":"m","messages":[]}';
export const UPSTREAM_NAME = 'org/real-"name"';
export const KEY = 'sk-endpoint';

export interface HttpRig {
  readonly engine: RawEngine;
  readonly router: RunningRouter;
  readonly port: number;
  /** Sends it on a connection of its own and reads to the end of the connection. */
  ask(request: string | Uint8Array): Promise<Answer>;
  /** The same, and what the engine got of it. */
  askAndSee(request: string | Uint8Array): Promise<{ answer: Answer; seen: RecordedRequest }>;
  close(): Promise<void>;
}

export async function startHttpRig(config: ConfigTree = {}): Promise<HttpRig> {
  const engine = await startRawEngine(({ send }) => send(jsonAnswer({ ok: true })));
  const { url } = engine;
  const endpoints = [
    { url, model: 'm' },
    { url, model: 'alias', upstreamModel: UPSTREAM_NAME },
    { url, model: 'keyed', apiKey: KEY },
  ];
  const router = await startRouter({ endpoints, config }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const ask = (request: string | Uint8Array) => exchangeRaw(router.port, request);
  return {
    engine,
    router,
    port: router.port,
    ask,
    async askAndSee(request) {
      engine.forget();
      const answer = await ask(request);
      const [seen] = engine.requests;
      if (seen === undefined) throw new Error(`the engine got nothing: ${answer.statusLine}`);
      return { answer, seen };
    },
    async close() {
      await router.stop();
      await engine.close();
    },
  };
}

interface RequestParts {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  /** Header lines, each with its CRLF. */
  readonly fields?: string;
  readonly body?: string;
  /** Ask for the connection to be closed; default true. */
  readonly close?: boolean;
}

/** A whole request; POST of `BODY` to the chat route, unless told otherwise. */
export function request(parts: RequestParts = {}): string {
  const { method = 'POST', path = '/v1/chat/completions', version = '1.1', fields = '' } = parts;
  const { body = BODY, close = true } = parts;
  const length = method === 'POST' ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : '';
  const connection = close ? 'Connection: close\r\n' : '';
  const head = `${method} ${path} HTTP/${version}\r\nHost: router.test\r\n${connection}`;
  return `${head}${fields}${length}\r\n${method === 'POST' ? body : ''}`;
}

/** A request without the framing fields that `request` would write. */
export function rawRequest(fields: string, body: string): string {
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: router.test\r\n${fields}\r\n${body}`;
}

/** Sends `bytes` in two segments, for every place where they can be parted, some at a time. */
export async function atEverySplit(
  bytes: Buffer,
  act: (first: Buffer, second: Buffer, offset: number) => Promise<void>,
): Promise<void> {
  const AT_ONCE = 32;
  let offset = 1;
  const walk = async () => {
    while (offset < bytes.length) {
      const at = offset++;
      await act(bytes.subarray(0, at), bytes.subarray(at), at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, walk));
}

/** Long enough for the router to read what was sent before, as a segment of its own. */
export const SEGMENT_GAP_MS = 4;

/** The answer to a request that is sent in pieces. */
export async function askInPieces(port: number, pieces: readonly Uint8Array[]): Promise<Answer> {
  const client = await connectRaw(port);
  await client.sendPieces(pieces, SEGMENT_GAP_MS);
  const answer = await client.answer();
  client.abort();
  return answer;
}
