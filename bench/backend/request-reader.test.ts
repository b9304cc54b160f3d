import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestBytes } from '../load/request-bytes.ts';
import { RequestReader } from './request-reader.ts';

const PROBE = Buffer.from('GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n');
const CHUNKED = Buffer.from(
  'POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nf\r\n{"stream":true}\r\n0\r\n\r\n',
);
const ALL = Buffer.concat([requestBytes(1, false), PROBE, CHUNKED, requestBytes(1, true)]);
const EXPECTED = [
  'POST /v1/chat/completions false',
  'GET /v1/models false',
  'POST /c true',
  'POST /v1/chat/completions true',
];

function read(pieces: readonly Buffer[]): string[] {
  const seen: string[] = [];
  const reader = new RequestReader({
    onRequest: (method, path, streamWanted) => seen.push(`${method} ${path} ${streamWanted}`),
  });
  for (const piece of pieces) reader.push(piece);
  return seen;
}

test('requests on one connection are told apart wherever the bytes are split', () => {
  for (let cut = 0; cut <= ALL.length; cut++) {
    assert.deepEqual(read([ALL.subarray(0, cut), ALL.subarray(cut)]), EXPECTED, `cut at ${cut}`);
  }
});

test('bytes that come one by one make the same requests', () => {
  assert.deepEqual(read(Array.from(ALL, (byte) => Buffer.from([byte]))), EXPECTED);
});

test('a large body is only counted and ends where its length says', () => {
  const body = Buffer.alloc(1_000_000, 'x');
  const head = Buffer.from(`POST /big HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`);
  const pieces = [head, body.subarray(0, 70_000), body.subarray(70_000), PROBE];
  assert.deepEqual(read(pieces), ['POST /big false', 'GET /v1/models false']);
});

test('the small request of the workload has about one kilobyte', () => {
  const size = requestBytes(8000, false).length;
  assert.ok(size > 1000 && size < 1100, `${size} bytes`);
});

test('a large chunked body is counted, and its end is found wherever it was split', () => {
  const part = Buffer.from(`10000;note="0"\r\n${'\r\n0\r\n\r\n'.padEnd(65_536, 'x')}\r\n`);
  const head = Buffer.from('POST /big HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
  const end = Buffer.from('0\r\nX-Sum: 1\r\n\r\n');
  const all = Buffer.concat([head, part, part, part, end, PROBE]);
  const expected = ['POST /big false', 'GET /v1/models false'];
  for (let cut = 0; cut <= all.length; cut += cut < 300 || cut > all.length - 300 ? 1 : 777) {
    assert.deepEqual(read([all.subarray(0, cut), all.subarray(cut)]), expected, `cut at ${cut}`);
  }
});
