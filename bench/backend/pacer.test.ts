import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StampReader } from '../stamp.ts';
import { Pacer, type StreamSocket } from './pacer.ts';

class RecordingSocket implements StreamSocket {
  destroyed = false;
  writableNeedDrain = false;
  text = '';

  write(text: string): void {
    this.text += text;
  }

  stamps(): number[] {
    const stamps: number[] = [];
    new StampReader((stampUs) => stamps.push(stampUs)).push(Buffer.from(this.text));
    return stamps;
  }
}

/** 100 events/s: one every 10,000 µs. */
function pacerAt(eventsPerStream: number) {
  const clock = { us: 1000 };
  const pacer = new Pacer({ eventsPerSecond: 100, eventsPerStream }, () => clock.us);
  return { clock, pacer };
}

test('the first event leaves at once and the next ones keep the rate after a late tick', () => {
  const { clock, pacer } = pacerAt(100);
  const socket = new RecordingSocket();
  pacer.open(socket);
  clock.us = 10_999;
  pacer.tick();
  assert.deepEqual(socket.stamps(), [1000]);
  clock.us = 35_000;
  pacer.tick();
  pacer.tick();
  assert.deepEqual(socket.stamps(), [1000, 35_000, 35_000, 35_000]);
  clock.us = 41_000;
  pacer.tick();
  assert.equal(socket.stamps().length, 5);
});

test('a stream ends with DONE and the last chunk after its events', () => {
  const { clock, pacer } = pacerAt(2);
  const socket = new RecordingSocket();
  pacer.open(socket);
  clock.us = 100_000;
  pacer.tick();
  assert.equal(socket.stamps().length, 2);
  assert.ok(socket.text.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n'));
});

test('streams that close or lag do not disturb the others', () => {
  const { clock, pacer } = pacerAt(1000);
  const sockets = Array.from({ length: 200 }, () => new RecordingSocket());
  for (const socket of sockets) pacer.open(socket);
  sockets[0]!.destroyed = true;
  sockets[1]!.writableNeedDrain = true;
  clock.us = 1000 + 10_000 * 20;
  pacer.tick();
  assert.equal(sockets[0]!.stamps().length, 1);
  assert.equal(sockets[1]!.stamps().length, 1);
  for (const socket of sockets.slice(2)) assert.equal(socket.stamps().length, 21);
});
