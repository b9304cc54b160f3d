/**
 * A stand-in for an engine that costs as little as possible: raw sockets, constant answers, one
 * write per answer or event. Runs as its own process; prints its port as one JSON line and ends
 * when its standard input closes, so it never outlives the bench.
 *
 * Usage: node bench/backend.ts '{"eventsPerSecond":50,"eventsPerStream":1000,"addresses":1}'
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  COMPLETION_ANSWER,
  METRICS_ANSWER,
  MODELS_ANSWER,
  NOT_FOUND_ANSWER,
} from './backend/answers.ts';
import { type Pace, Pacer } from './backend/pacer.ts';
import { RequestReader, type RequestSink } from './backend/request-reader.ts';
import { monotonicUs } from './measure/clock.ts';
import { loopbackAddresses } from './process/loopback.ts';

const TICK_MS = 1;
const BACKLOG = 4096;

class Connection implements RequestSink {
  readonly #socket: Socket;
  readonly #pacer: Pacer;

  constructor(socket: Socket, pacer: Pacer) {
    this.#socket = socket;
    this.#pacer = pacer;
    const reader = new RequestReader(this);
    socket.on('data', (bytes: Buffer) => reader.push(bytes));
    // A peer may reset at any time when a run ends; the close event follows.
    socket.on('error', () => {});
  }

  onRequest(method: string, path: string, streamWanted: boolean): void {
    if (method === 'POST') {
      if (streamWanted) this.#pacer.open(this.#socket);
      else this.#socket.write(COMPLETION_ANSWER);
    } else if (path === '/v1/models') {
      this.#socket.write(MODELS_ANSWER);
    } else if (path === '/metrics') {
      this.#socket.write(METRICS_ANSWER);
    } else {
      this.#socket.write(NOT_FOUND_ANSWER);
    }
  }
}

interface Setting extends Pace {
  /** Loopback addresses to listen on, all on one port. */
  readonly addresses: number;
}

/** One server per address; the first one takes any free port, the others the same. */
async function listenOn(addresses: readonly string[], pacer: Pacer): Promise<number> {
  let port = 0;
  for (const host of addresses) {
    const server: Server = createServer({ noDelay: true }, (socket) => {
      new Connection(socket, pacer);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, backlog: BACKLOG }, resolve);
    });
    port = (server.address() as AddressInfo).port;
  }
  return port;
}

const setting = JSON.parse(process.argv[2] ?? '{}') as Setting;
const pacer = new Pacer(setting, monotonicUs);
const port = await listenOn(loopbackAddresses(setting.addresses), pacer);
process.stdout.write(`${JSON.stringify({ port })}\n`);
setInterval(() => pacer.tick(), TICK_MS);
process.stdin.resume().on('end', () => process.exit(0));
