/**
 * Writing answers on node:http the way uvicorn does (no Connection or Keep-Alive header unless
 * asked for), and the ways to break them. The framing itself is node's, on purpose: it checks ours.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SimOptions } from './flags.ts';

/** Prepares a response before anything is written to it. */
export function prepare(response: ServerResponse, options: SimOptions): void {
  response.removeHeader('connection');
  response.setHeader('server', 'llm-router-sim');
  if (options.announceKeepAlive && options.keepAliveTimeoutMs > 0) {
    const seconds = Math.floor(options.keepAliveTimeoutMs / 1000);
    response.setHeader('connection', 'keep-alive');
    response.setHeader('keep-alive', `timeout=${seconds}`);
  }
  const socket = response.socket;
  if (options.slowHeadersMs > 0 && socket !== null) dripHead(socket, options.slowHeadersMs);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, ['application/json', JSON.stringify(value)]);
}

export function sendText(
  response: ServerResponse,
  status: number,
  [type, text]: readonly [type: string, text: string],
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** An error body as vLLM words it. */
export function sendError(
  response: ServerResponse,
  status: number,
  [type, message]: readonly [type: string, message: string],
): void {
  const error = { message, type, param: null, code: status };
  sendJson(response, status, { error });
}

/** A whole JSON body in the framing the knobs ask for. */
export function sendFramed(response: ServerResponse, framing: string, body: string): void {
  if (framing === 'length') {
    sendText(response, 200, ['application/json', body]);
    return;
  }
  startFramed(response, framing);
  response.write(body.slice(0, body.length >> 1));
  response.end(body.slice(body.length >> 1));
}

/** The first half of a JSON body, framed as if the rest followed. */
export function sendHalf(response: ServerResponse, framing: string, body: string): void {
  if (framing === 'length') {
    const length = Buffer.byteLength(body);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
  } else {
    startFramed(response, framing);
  }
  response.write(body.slice(0, body.length >> 1));
}

/** Ends the connection of a response that is not complete: FIN, RST, or a clean end of the body. */
export function breakOff(response: ServerResponse, by: string): void {
  const socket = response.socket;
  if (socket === null || socket.destroyed) return;
  if (by === 'end' && response.headersSent && !response.hasHeader('content-length')) response.end();
  // What was written leaves in this turn of the loop; only then may the connection go.
  else if (by === 'reset') setImmediate(() => socket.resetAndDestroy());
  else socket.end(() => socket.destroy());
}

function startFramed(response: ServerResponse, framing: string): void {
  if (framing === 'close') {
    response.useChunkedEncodingByDefault = false;
    response.setHeader('connection', 'close');
  }
  response.writeHead(200, { 'content-type': 'application/json' });
}

type Write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => boolean;
interface Held {
  readonly chunk: Buffer;
  readonly done: unknown;
}

/** Sends half of the next thing written (the head), holds all else back for `delayMs`. */
function dripHead(socket: Socket, delayMs: number): void {
  const target = socket as unknown as { write: Write };
  const write = socket.write.bind(socket) as unknown as Write;
  const held: Held[] = [];
  let timer: NodeJS.Timeout | undefined;
  target.write = (chunk, encoding, done) => {
    const callback = typeof encoding === 'function' ? encoding : done;
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, (typeof encoding === 'string' ? encoding : 'utf8') as BufferEncoding)
        : Buffer.from(chunk);
    if (timer !== undefined) {
      held.push({ chunk: bytes, done: callback });
      return true;
    }
    const end = bytes.indexOf('\r\n\r\n');
    const half = end < 0 ? bytes.length >> 1 : end >> 1;
    held.push({ chunk: bytes.subarray(half), done: callback });
    timer = setTimeout(() => {
      Reflect.deleteProperty(target, 'write');
      for (const part of held) write(part.chunk, undefined, part.done);
    }, delayMs);
    return write(bytes.subarray(0, half));
  };
}
