/**
 * An address where handshakes get no answer: not refused, not accepted. A process that listened
 * (and answered probes) is stopped, and its backlog filled; the kernel drops what comes after.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Child } from './child.ts';
import { sleep } from './until.ts';

const FILLERS = 8;
const SETTLE_MS = 50;

export class BlackHole {
  readonly #child: Child;
  readonly #fillers: Socket[] = [];
  readonly #port: number;
  readonly url: string;

  constructor(child: Child, port: number) {
    this.#child = child;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts as an engine that serves `model`, so that a router finds it up. */
  static async open(model: string): Promise<BlackHole> {
    const program =
      `const answer = JSON.stringify({ object: 'list', data: [{ id: '${model}' }] });` +
      `const server = require('node:http').createServer((_, response) => response.end(answer));` +
      `server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () =>` +
      ` console.log(JSON.stringify({ port: server.address().port })));`;
    const child = new Child(process.execPath, ['-e', program]);
    const { port } = await child.logged((line) => line.port !== undefined);
    return new BlackHole(child, port as number);
  }

  /** From now on nobody gets through. */
  async swallow(): Promise<void> {
    this.#child.signal('SIGSTOP');
    for (let i = 0; i < FILLERS; i++) {
      const filler = connect(this.#port, '127.0.0.1');
      filler.on('error', () => {});
      this.#fillers.push(filler);
    }
    await sleep(SETTLE_MS);
    for (const filler of this.#fillers) if (filler.connecting) filler.destroy();
  }

  /** Handshakes to it that are under way: state 2 (SYN_SENT) in the kernel's table. */
  attempts(): number {
    const to = `0100007F:${this.#port.toString(16).toUpperCase().padStart(4, '0')} 02 `;
    return readFileSync('/proc/net/tcp', 'latin1').split(to).length - 1;
  }

  async close(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    await this.#child.kill();
  }
}
