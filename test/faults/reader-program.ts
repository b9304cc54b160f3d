/**
 * Clients that read one byte a second, as a process of their own: `--count` streams on `--port`,
 * the first `--floods` of them from an engine that sends as fast as it can. A one-byte read
 * buffer makes it true: nothing else of the answer leaves the kernel.
 * Prints `{"open":N}` once all have the first byte, then `{"lost":N}` whenever one ends.
 */
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    count: { type: 'string' },
    floods: { type: 'string' },
    model: { type: 'string' },
  },
});

const COUNT = Number(values.count);
const AT_ONCE = 50;
const PACE_MS = 40;
const SECOND_MS = 1000;
const TICK_MS = 50;

function request(flood: boolean): string {
  const body = JSON.stringify({ model: values.model, flood, stream: true, messages: [] });
  return (
    'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

const sockets: Socket[] = [];
let begun = 0;
let lost = 0;

function open(): void {
  const buffer = Buffer.alloc(1);
  let first = true;
  const socket = connect({
    port: Number(values.port),
    host: '127.0.0.1',
    onread: {
      buffer,
      callback(): boolean {
        if (first && ++begun === COUNT) console.log(JSON.stringify({ open: begun }));
        first = false;
        return false;
      },
    },
  });
  socket.on('error', () => {});
  socket.on('close', () => console.log(JSON.stringify({ lost: ++lost })));
  socket.write(request(sockets.length < Number(values.floods)));
  sockets.push(socket);
}

const opening = setInterval(() => {
  for (let i = 0; i < AT_ONCE && sockets.length < COUNT; i++) open();
  if (sockets.length === COUNT) clearInterval(opening);
}, PACE_MS);

// Each socket's turn comes once a second, all of them spread over it.
let turn = 0;
const turns = SECOND_MS / TICK_MS;
setInterval(() => {
  for (let i = turn % turns; i < sockets.length; i += turns) sockets[i]!.resume();
  turn++;
}, TICK_MS);
