/**
 * GET of a small text for the control plane (probes and scrapes), on node:http and node:https with
 * kept-alive connections. Bounded in time and size; never throws and never rejects: what went wrong
 * is a value. Redirects are not followed, since an endpoint's key must not travel.
 */
import type { IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface FetchedText {
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;
  readonly text: string;
  /** '' when an answer was read to its end; else an `err.code`, 'timeout' or 'too-large'. */
  readonly error: string;
}

/** Fetches `url` within `timeoutMs`. */
export type FetchText = (
  url: string,
  timeoutMs: number,
  headers: Readonly<Record<string, string>>,
) => Promise<FetchedText>;

/** A page of metrics is at most a few hundred kilobytes; a larger answer is a mistake. */
const MAX_BYTES = 8 * 1024 * 1024;
/** Below the 5 s after which uvicorn closes an idle connection. */
const IDLE_MS = 4000;

export class TextFetcher {
  readonly #http = new HttpAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #maxBytes: number;
  #disposed = false;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Bound, so that it can be handed on as a FetchText. */
  readonly fetch: FetchText = (url, timeoutMs, headers) =>
    new Promise((resolve) => {
      try {
        this.#get({ target: new URL(url), timeoutMs, headers, settle: resolve, again: false });
      } catch (error) {
        // A URL, protocol or header that node refuses to send.
        const code = (error as NodeJS.ErrnoException).code ?? 'ERR_UNKNOWN';
        resolve({ status: 0, text: '', error: code });
      }
    });

  /**
   * Ends all connections, so that none keeps the process alive. Fetches under way, and new ones,
   * never settle: to whoever stops, an endpoint that cannot be asked any more is no news.
   */
  dispose(): void {
    this.#disposed = true;
    this.#http.destroy();
    this.#https.destroy();
  }

  #get(call: Call): void {
    if (this.#disposed) return;
    const tls = call.target.protocol === 'https:';
    const request = (tls ? httpsRequest : httpRequest)(call.target, {
      agent: tls ? this.#https : this.#http,
      headers: { accept: 'application/json, text/plain', ...call.headers },
    });
    const answer: Answer = { status: 0, text: '', error: '', done: false };
    const timer = setTimeout(() => {
      answer.error = 'timeout';
      request.destroy();
    }, call.timeoutMs);
    const finish = (error: string): void => {
      if (answer.done) return;
      answer.done = true;
      clearTimeout(timer);
      if (this.#disposed) return;
      const shown = answer.error === '' ? error : answer.error;
      call.settle({ status: answer.status, text: shown === '' ? answer.text : '', error: shown });
    };
    request.once('response', (response) => this.#read(response, answer, finish));
    request.on('error', (cause: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && answer.status === 0 && answer.error === '';
      if (stale && !answer.done && !call.again) {
        // A kept-alive connection that the engine had closed says nothing about the engine.
        answer.done = true;
        clearTimeout(timer);
        this.#get({ ...call, again: true });
        return;
      }
      finish(cause.code ?? 'ERR_UNKNOWN');
    });
    request.once('close', () => finish('ECONNRESET'));
    request.end();
  }

  #read(response: IncomingMessage, answer: Answer, finish: (error: string) => void): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    answer.status = response.statusCode ?? 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= this.#maxBytes) chunks.push(chunk);
      else {
        answer.error = 'too-large';
        response.destroy();
      }
    });
    response.once('end', () => {
      answer.text = Buffer.concat(chunks).toString('utf8');
      finish('');
    });
    response.on('error', (cause: NodeJS.ErrnoException) => finish(cause.code ?? 'ERR_UNKNOWN'));
  }
}

interface Call {
  readonly target: URL;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly settle: (result: FetchedText) => void;
  /** This is the second try, after a stale connection. */
  readonly again: boolean;
}

interface Answer {
  status: number;
  text: string;
  error: string;
  done: boolean;
}
