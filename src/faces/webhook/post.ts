/**
 * One POST of a small JSON body to a robot, on node:http and node:https. Bounded in time and size;
 * never rejects: what went wrong is a value. Redirects are not followed and errors carry codes
 * only, because the address holds the robot's key.
 */
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Answer } from './robots.ts';

/** Sends `body`; a signal ends it, and then it may stay without an answer. */
export type Post = (body: string, signal: AbortSignal) => Promise<Answer>;

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export function postTo(url: string, timeoutMs = TIMEOUT_MS): Post {
  return (body, signal) =>
    new Promise((resolve) => {
      const fail = (error: string) => resolve({ status: 0, text: '', retryAfterMs: 0, error });
      try {
        const target = new URL(url);
        const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
        const request = send(target, {
          method: 'POST',
          agent: false,
          signal,
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'content-length': Buffer.byteLength(body),
          },
        });
        const timer = setTimeout(() => {
          fail('timeout');
          request.destroy();
        }, timeoutMs);
        request.once('response', (response) => {
          read(response, (answer) => {
            resolve(answer);
            request.destroy();
          });
        });
        request.on('error', (cause) => fail(codeOf(cause)));
        request.once('close', () => {
          clearTimeout(timer);
          fail('ECONNRESET');
        });
        request.end(body);
      } catch (error) {
        fail(codeOf(error));
      }
    });
}

function read(response: IncomingMessage, settle: (answer: Answer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const status = response.statusCode ?? 0;
  const end = (text: string, error: string) => {
    settle({ status, text, retryAfterMs: retryAfterMs(response), error });
  };
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) end('', 'too-large');
    else chunks.push(chunk);
  });
  response.once('end', () => end(Buffer.concat(chunks).toString('utf8'), ''));
  response.on('error', (cause) => end('', codeOf(cause)));
}

/** Seconds only: robots send no dates. */
function retryAfterMs({ headers }: IncomingMessage): number {
  const seconds = headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : 0;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'ERR_UNKNOWN';
}
