/**
 * A client for thousands of requests at once that costs little: raw sockets, kept alive; one body
 * buffer may serve all requests; an answer is kept as text and judged only as far as needed.
 */
import { connect, type Socket } from 'node:net';

export interface LoadRequest {
  /** Request line and fields; the blank line included. */
  readonly head: Buffer;
  readonly body: Buffer;
  /** The answer should be an event stream that ends with [DONE]. */
  readonly stream: boolean;
}

/**
 * `ok`: 200 and whole · `refused`: a whole answer with another status · `broken`: the connection
 * ended in the middle of the answer · `lost`: it ended without one · `truncated`: a stream with a
 * proper end of the body but without [DONE] · `late`: nothing of that in time.
 */
export type OutcomeKind = 'ok' | 'refused' | 'broken' | 'lost' | 'truncated' | 'late';

export interface Outcome {
  readonly kind: OutcomeKind;
  readonly stream: boolean;
  /** 0 = no answer. */
  readonly status: number;
  /** Everything that came, head and framing included. */
  readonly text: string;
  readonly firstByteMs: number;
  readonly totalMs: number;
}

/** A POST of `body` to `path`, for one worker or another; `fields` are lines with their CRLF. */
export function loadRequest(
  body: Buffer,
  stream: boolean,
  path = '/v1/chat/completions',
  fields = '',
) {
  const head = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: router\r\nContent-Type: application/json\r\n` +
      `${fields}Content-Length: ${body.length}\r\n\r\n`,
  );
  return { head, body, stream } satisfies LoadRequest;
}

/** The smallest chat request. */
export function chatRequest(model: string, stream: boolean): LoadRequest {
  const messages = [{ role: 'user', content: 'hello' }];
  return loadRequest(Buffer.from(JSON.stringify({ model, stream, messages })), stream);
}

export class LoadClient {
  readonly #port: number;
  readonly #patienceMs: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(port: number, patienceMs = 60_000) {
    this.#port = port;
    this.#patienceMs = patienceMs;
  }

  /** Never rejects. */
  async send(request: LoadRequest): Promise<Outcome> {
    const connection = this.#idle.pop() ?? this.#open();
    const outcome = await connection.exchange(request, this.#patienceMs);
    if (connection.reusable) this.#idle.push(connection);
    else this.#discard(connection);
    return outcome;
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #open(): Connection {
    const connection = new Connection(this.#port, () => this.#discard(connection));
    this.#all.add(connection);
    return connection;
  }

  #discard(connection: Connection): void {
    connection.destroy();
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

/** Runs `inFlight` loops, each of which sends what `next` gives until that is undefined. */
export async function closedLoop(
  client: LoadClient,
  inFlight: number,
  next: () => LoadRequest | undefined,
  seen: (outcome: Outcome) => void,
): Promise<void> {
  const loop = async () => {
    for (let request = next(); request !== undefined; request = next()) {
      seen(await client.send(request));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

class Connection {
  readonly #socket: Socket;
  #request: LoadRequest | undefined;
  #resolve: (outcome: Outcome) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #firstByteMs = -1;
  #text = '';
  #bodyAt = -1;
  /** Of the body; -1 = chunked. */
  #length = -1;
  reusable = true;

  constructor(port: number, onIdleEnd: () => void) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#received(text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.reusable = false;
      if (this.#request === undefined) onIdleEnd();
      else this.#end(this.#text === '' ? 'lost' : 'broken');
    });
  }

  exchange(request: LoadRequest, patienceMs: number): Promise<Outcome> {
    this.#request = request;
    this.#startedMs = performance.now();
    this.#firstByteMs = -1;
    this.#text = '';
    this.#bodyAt = -1;
    this.#timer = setTimeout(() => {
      this.reusable = false;
      this.#end('late');
    }, patienceMs);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#socket.cork();
      this.#socket.write(request.head);
      this.#socket.write(request.body);
      this.#socket.uncork();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #received(text: string): void {
    if (this.#request === undefined) return;
    if (this.#text === '') this.#firstByteMs = performance.now() - this.#startedMs;
    this.#text += text;
    if (this.#bodyAt < 0) this.#readHead();
    if (this.#bodyAt < 0 || !this.#complete()) return;
    const { stream } = this.#request;
    if (this.#status() !== 200) this.#end('refused');
    else if (stream && !this.#text.includes('data: [DONE]')) this.#end('truncated');
    else this.#end('ok');
  }

  #readHead(): void {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    this.#bodyAt = end + 4;
    this.#length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? -1);
    if (/\r\nconnection: close/i.test(head)) this.reusable = false;
  }

  #complete(): boolean {
    if (this.#length >= 0) return this.#text.length - this.#bodyAt >= this.#length;
    return this.#text.endsWith('\r\n0\r\n\r\n');
  }

  #status(): number {
    return this.#bodyAt < 0 ? 0 : Number(this.#text.slice(9, 12));
  }

  #end(kind: OutcomeKind): void {
    const { stream } = this.#request!;
    clearTimeout(this.#timer);
    this.#request = undefined;
    const firstByteMs = this.#firstByteMs;
    const totalMs = performance.now() - this.#startedMs;
    this.#resolve({ kind, stream, status: this.#status(), text: this.#text, firstByteMs, totalMs });
  }
}
