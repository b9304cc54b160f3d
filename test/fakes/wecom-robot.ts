/**
 * A WeCom group robot that keeps the real one's rules: a POST with the right key, JSON of the right
 * shape, markdown of at most 4,096 bytes, at most 20 messages in 60 s (then errcode 45009). It
 * always answers 200, and quotes the address in its refusals as a careless server might.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.ts';

const MAX_BYTES = 4096;
const MAX_MESSAGES = 20;
const WINDOW_MS = 60_000;

export interface WecomRobot {
  readonly url: string;
  /** The secret part of the address. */
  readonly key: string;
  /** Content of the messages that were taken, oldest first. */
  readonly messages: readonly string[];
  /** Error numbers of those that were not. */
  readonly refusals: readonly number[];
  /** The next `count` messages are too many for it. */
  exhaust(count: number): void;
  /** Resolves with the first message that fits, now or later. */
  received(fits: RegExp, timeoutMs?: number): Promise<string>;
  close(): Promise<void>;
}

export async function startWecomRobot(key: string): Promise<WecomRobot> {
  const messages: string[] = [];
  const refusals: number[] = [];
  const takenAtMs: number[] = [];
  let exhausted = 0;
  const judge = (request: IncomingMessage, body: string): number => {
    const target = new URL(request.url ?? '/', 'http://robot');
    if (request.method !== 'POST' || target.pathname !== '/cgi-bin/webhook/send') return 40_001;
    if (target.searchParams.get('key') !== key) return 93_000;
    const content = contentOf(body);
    if (content === undefined) return 40_008;
    if (Buffer.byteLength(content) > MAX_BYTES) return 40_058;
    const nowMs = performance.now();
    const recent = takenAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS).length;
    if (exhausted > 0 || recent >= MAX_MESSAGES) {
      exhausted = Math.max(0, exhausted - 1);
      return 45_009;
    }
    takenAtMs.push(nowMs);
    messages.push(content);
    return 0;
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const errcode = judge(request, Buffer.concat(chunks).toString('utf8'));
    if (errcode !== 0) refusals.push(errcode);
    const errmsg = errcode === 0 ? 'ok' : `refused, asked for ${request.url}`;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ errcode, errmsg }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/cgi-bin/webhook/send?key=${key}`,
    key,
    messages,
    refusals,
    exhaust(count) {
      exhausted = count;
    },
    async received(fits, timeoutMs) {
      const found = () => messages.find((content) => fits.test(content));
      await until(`a message fits ${fits}`, () => found() !== undefined, timeoutMs);
      return found()!;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The text of a markdown message; undefined when the body is no such message. */
function contentOf(body: string): string | undefined {
  try {
    const message = JSON.parse(body) as { msgtype?: unknown; markdown?: { content?: unknown } };
    const content = message.markdown?.content;
    const isMarkdown = message.msgtype === 'markdown' && typeof content === 'string';
    return isMarkdown && content !== '' ? content : undefined;
  } catch {
    return undefined;
  }
}
