/**
 * An engine as a process of its own, for faults that need more bytes than a test can carry beside
 * its measuring: it throws request bodies away and counts them, answers after `--delay` ms with
 * what it counted. Whoever wants a stream gets one without end: an event in five seconds, or with
 * `"flood":true` as fast as it is read.
 * Prints `{"port":…}` when it listens.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { model: { type: 'string' }, delay: { type: 'string', default: '0' } },
});

const TRICKLE_MS = 5000;
const EVENT = event('word ');
const LARGE_EVENT = event('word '.repeat(800));

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    answer(response, { object: 'list', data: [{ id: values.model, object: 'model' }] });
    return;
  }
  let bytes = 0;
  let text = '';
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    // The rest of a long body is only counted.
    if (bytes <= 4096) text += chunk.toString('latin1');
  });
  request.on('end', () => {
    if (text.includes('"flood":true')) flood(response);
    else if (text.includes('"stream":true')) trickle(response);
    else setTimeout(() => answer(response, { bytes }), Number(values.delay));
  });
});

server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});

function answer(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(LARGE_EVENT);
  const timer = setInterval(() => response.write(EVENT), TRICKLE_MS);
  response.on('error', () => {});
  response.on('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let gone = false;
  response.on('error', () => {});
  response.on('close', () => {
    gone = true;
  });
  const push = () => {
    while (!gone && response.write(LARGE_EVENT));
  };
  response.on('drain', push);
  push();
}

function event(content: string): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices })}\n\n`;
}
