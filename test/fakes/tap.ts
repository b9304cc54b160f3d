/**
 * A wire-tap between the router and an engine: passes bytes on untouched and keeps them, so that
 * a test can compare what an engine said with what a client heard, whatever the engine is.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Answer, parseAnswer } from './raw-client.ts';
import { type RecordedRequest, readRequest } from './raw-engine.ts';

interface Wire {
  readonly up: Buffer[];
  readonly down: Buffer[];
}

export interface Overheard {
  readonly request: RecordedRequest;
  readonly answer: Answer;
}

export async function startTap(targetUrl: string): Promise<Tap> {
  const target = new URL(targetUrl);
  const tap = new Tap(Number(target.port), target.hostname);
  await tap.open();
  return tap;
}

export class Tap {
  url = '';
  readonly #server: Server;
  readonly #wires = new Set<Wire>();
  readonly #sockets = new Set<Socket>();

  constructor(port: number, host: string) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ port, host, noDelay: true, allowHalfOpen: true });
      const wire: Wire = { up: [], down: [] };
      this.#wires.add(wire);
      this.#join(near, far, wire.up);
      this.#join(far, near, wire.down);
    });
  }

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what was heard; between two requests, or the halves of one would be parted. */
  forget(): void {
    for (const wire of this.#wires) {
      wire.up.length = 0;
      wire.down.length = 0;
    }
  }

  /** The only POST since `forget`, and its answer; probes are no POSTs. */
  overheard(): Overheard {
    const found = [...this.#wires]
      .map(({ up, down }) => ({ up: Buffer.concat(up), down: Buffer.concat(down) }))
      .filter(({ up }) => up.subarray(0, 5).toString('latin1') === 'POST ');
    if (found.length !== 1) throw new Error(`${found.length} connections carried a POST`);
    const { up, down } = found[0]!;
    return { request: readRequest(up, 0)!, answer: parseAnswer(down)! };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(from: Socket, to: Socket, record: Buffer[]): void {
    this.#sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      record.push(bytes);
      to.write(bytes);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroySoon();
    });
  }
}
