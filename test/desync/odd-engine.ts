/**
 * An engine that answers as the request's body tells it: by the entry of odd-answers that it
 * names, or rightly. Complains when a connection is used again after an answer that spoiled it.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Random, Xorshift } from '../../src/core/random.ts';
import { type OddAnswer, oddAnswers } from './odd-answers.ts';
import { readRequests } from './reference-reader.ts';

/** What a request's body asks for. */
export interface Order {
  readonly id: string;
  readonly model: string;
  /** Index in odd-answers; -1 = a right answer. */
  readonly odd: number;
}

/** After this long without a byte, a connection of the router is idle. */
const LATE_MS = 6;
/** Names the request that is to be answered before its body is read. */
const EARLY = /\r\nX-Early: (\S+)\r\n/;

export function markOf(id: string): string {
  return `mark-${id};`;
}

export function leakOf(id: string): string {
  return `leak-${id};`;
}

export function answersFor(id: string): readonly OddAnswer[] {
  return oddAnswers(markOf(id), leakOf(id));
}

export async function startOddEngine(model: string): Promise<OddEngine> {
  const engine = new OddEngine(model);
  await engine.open();
  return engine;
}

export class OddEngine {
  readonly model: string;
  url = '';
  readonly complaints: string[] = [];
  /** The last answer is sent; if there was more behind it, the router has closed. */
  lateOver: Promise<void> = Promise.resolve();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(model: string) {
    this.model = model;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (s) => this.#serve(s));
  }

  async open(): Promise<void> {
    this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let unread: Buffer = Buffer.alloc(0);
    let spoiledBy = '';
    let early = false;
    const play = (answer: OddAnswer, id: string) => {
      if (spoiledBy !== '') this.complaints.push(`reused after "${spoiledBy}"`);
      if (answer.reusable !== true) spoiledBy = answer.name;
      const sent = send(socket, answer, id);
      this.lateOver = answer.late === undefined ? sent : sent.then(() => closed);
    };
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      const { messages, rest } = readRequests(unread);
      unread = unread.subarray(messages.at(-1)?.end ?? 0);
      if (rest.kind === 'refused') this.complaints.push(`no request: ${rest.why}`);
      for (const { method, body } of messages) {
        if (method === 'GET') {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
        } else if (early) {
          early = false;
        } else {
          const { id, odd } = JSON.parse(body.toString('latin1')) as Order;
          play(odd < 0 ? answersFor(id)[0]! : answersFor(id)[odd]!, id);
        }
      }
      // The head is here, and some of the body is not.
      const [, id] = early ? [] : (EARLY.exec(unread.toString('latin1')) ?? []);
      if (id !== undefined) {
        early = true;
        play(answersFor(id).find((answer) => answer.early)!, id);
      }
    });
  }
}

async function send(socket: Socket, answer: OddAnswer, id: string): Promise<void> {
  const random = new Xorshift(Buffer.from(id).reduce((sum, byte) => sum * 31 + byte, 7));
  const pieces = answer.atOnce ? [answer.bytes] : cut(answer.bytes, random);
  const last = pieces.pop()! + (answer.surplus ?? '');
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await (random.below(3) === 0 ? delay(1) : nextTurn());
  }
  if (last !== '') socket.write(last, 'latin1');
  if (answer.end === 'fin') socket.end();
  else if (answer.end === 'reset') socket.resetAndDestroy();
  if (answer.late === undefined) return;
  await delay(LATE_MS);
  socket.write(answer.late, 'latin1');
}

/** In up to four pieces, the last of them not empty; half of the time in one. */
function cut(text: string, random: Random): string[] {
  const cuts = random.below(2) === 0 ? 0 : 1 + random.below(3);
  const at = Array.from({ length: cuts }, () => random.below(text.length));
  const ends = [...at.sort((a, b) => a - b), text.length];
  return ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
}
