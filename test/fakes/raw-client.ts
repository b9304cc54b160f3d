/**
 * An HTTP/1.1 client that is nothing but a socket: sends exactly the bytes it is told and keeps
 * every byte that comes back with its time. For what no HTTP library would send.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sleep } from './until.ts';

export interface Arrival {
  readonly bytes: Buffer;
  /** `performance.now()`. */
  readonly atMs: number;
}

/** Far more than anything takes on a busy machine, and less than a time-out of a whole test. */
const PATIENCE_MS = 20_000;

export type Ending = 'open' | 'fin' | 'reset';

export async function connectRaw(port: number, host = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  return new RawClient(socket);
}

/** Sends a request that asks for no further one; resolves with all that came until the end. */
export async function exchangeRaw(port: number, bytes: string | Uint8Array): Promise<Answer> {
  const client = await connectRaw(port);
  client.send(bytes);
  await client.ended();
  client.abort();
  return parseAnswer(client.received())!;
}

export class RawClient {
  readonly socket: Socket;
  readonly arrivals: Arrival[] = [];
  ending: Ending = 'open';
  readonly #watchers = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.arrivals.push({ bytes, atMs: performance.now() });
      this.#notify();
    });
    socket.on('end', () => this.#end('fin'));
    socket.on('error', () => this.#end('reset'));
    socket.on('close', () => this.#end('reset'));
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends each piece in a segment of its own: the peer reads one before the next is sent. */
  async sendPieces(pieces: readonly (string | Uint8Array)[], gapMs = 1): Promise<void> {
    for (const piece of pieces) {
      this.socket.write(piece);
      await sleep(gapMs);
    }
  }

  /** Sends FIN and goes on reading. */
  halfClose(): void {
    this.socket.end();
  }

  /** Closes with what is queued thrown away; the peer sees a reset or a close. */
  abort(): void {
    this.socket.destroy();
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  received(): Buffer {
    return Buffer.concat(this.arrivals.map(({ bytes }) => bytes));
  }

  text(): string {
    return this.received().toString('latin1');
  }

  /** Resolves once the received bytes satisfy. */
  until(satisfied: (received: Buffer) => boolean, timeoutMs = PATIENCE_MS): Promise<Buffer> {
    return this.#when(() => satisfied(this.received()), timeoutMs).then(() => this.received());
  }

  untilText(part: string, timeoutMs = PATIENCE_MS): Promise<Buffer> {
    return this.until((received) => received.includes(part), timeoutMs);
  }

  /** The next whole answer (not to HEAD, not until-close); it is taken off what was received. */
  async answer(timeoutMs = PATIENCE_MS): Promise<Answer> {
    let found: Answer | undefined;
    await this.until((received) => {
      found = parseAnswer(received);
      return found !== undefined && (found.complete || this.ending !== 'open');
    }, timeoutMs);
    const rest = this.received().subarray(found!.endAt);
    this.arrivals.length = 0;
    if (rest.length > 0) this.arrivals.push({ bytes: rest, atMs: performance.now() });
    return found!;
  }

  /** Resolves with how the peer ended the connection. */
  async ended(timeoutMs = PATIENCE_MS): Promise<Ending> {
    await this.#when(() => this.ending !== 'open', timeoutMs);
    return this.ending;
  }

  #end(ending: Ending): void {
    if (this.ending === 'open') this.ending = ending;
    this.#notify();
  }

  #when(holds: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (problem: string) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (problem === '') resolve();
        else
          reject(new Error(`${problem}; received ${JSON.stringify(this.text().slice(0, 2000))}`));
      };
      const look = () => {
        if (holds()) settle('');
        else if (this.ending !== 'open')
          settle(`the connection ended (${this.ending}) before that`);
      };
      const timer = setTimeout(() => settle(`not so in ${timeoutMs} ms`), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

export interface Answer {
  readonly status: number;
  readonly statusLine: string;
  /** Names in lower case, in order, repeated ones included. */
  readonly fields: readonly (readonly [string, string])[];
  /** With chunk framing taken off. */
  readonly body: Buffer;
  /** False while its declared end has not come; true for until-close bodies. */
  readonly complete: boolean;
  /** Where it ends in the bytes given. */
  readonly endAt: number;
}

/** All values of a field, in order. */
export function valuesOf(answer: Answer, name: string): string[] {
  return answer.fields.filter(([key]) => key === name).map(([, value]) => value);
}

/** Value of a field, or '' when absent. */
export function fieldOf(answer: Answer, name: string): string {
  return valuesOf(answer, name).join(', ');
}

/** The first answer in `bytes`, or undefined while its head is not complete. 1xx are skipped. */
export function parseAnswer(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(statusLine!.split(' ')[1]);
  const start = headEnd + 4;
  if (status < 200) {
    const next = parseAnswer(bytes.subarray(start));
    return next === undefined ? undefined : { ...next, endAt: next.endAt + start };
  }
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const head = { status, statusLine: statusLine!, fields };
  const find = (name: string) => fields.find(([key]) => key === name)?.[1];
  if (find('transfer-encoding') === 'chunked') return { ...head, ...readChunks(bytes, start) };
  const length = find('content-length');
  if (status === 204 || status === 304) {
    return { ...head, body: Buffer.alloc(0), complete: true, endAt: start };
  }
  const endAt =
    length === undefined ? bytes.length : Math.min(bytes.length, start + Number(length));
  const complete = length === undefined || endAt === start + Number(length);
  return { ...head, body: bytes.subarray(start, endAt), complete, endAt };
}

function readChunks(bytes: Buffer, start: number): Pick<Answer, 'body' | 'complete' | 'endAt'> {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) break;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`not a chunk: ${bytes.toString('latin1', at)}`);
    const dataEnd = lineEnd + 2 + size;
    if (bytes.length < dataEnd + 2) break;
    at = dataEnd + 2;
    if (size === 0) return { body: Buffer.concat(parts), complete: true, endAt: at };
    parts.push(bytes.subarray(lineEnd + 2, dataEnd));
  }
  return { body: Buffer.concat(parts), complete: false, endAt: at };
}
