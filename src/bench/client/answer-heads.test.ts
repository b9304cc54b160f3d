/** Heads that are compared mean what they would mean parsed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResponseHead, ResponseHead } from '../../http1/response-head.ts';
import { AnswerHeads } from './answer-heads.ts';
import { endpointOf } from './endpoint-name.ts';

const FIELDS = [
  'Content-Length: 5',
  'Content-Length: 50',
  'Content-Type: text/event-stream',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'X-LLM-Router-Endpoint: a@b',
  'X-LLM-Router-Endpoint: c@d',
  'X: y',
  'broken',
];
const head = fc
  .tuple(fc.constantFrom(100, 200, 204, 503), fc.subarray(FIELDS), fc.boolean())
  .map(([status, fields, isWhole]) => {
    const lines = [`HTTP/1.1 ${status} Said`, ...fields].join('\r\n');
    return isWhole ? `${lines}\r\n\r\n` : lines;
  });

function meaning(size: number, found: ResponseHead, endpoint: string): unknown {
  if (size <= 0) return size;
  const { status, keepAlive, isEventStream, contentLength } = found;
  return [size, status, keepAlive, isEventStream, contentLength, found.bodyKind(false), endpoint];
}

test('reading heads one after another is parsing each of them', () => {
  const places = fc.array(fc.tuple(head, fc.constantFrom(0, 0, 0, 7)), { minLength: 1 });
  fc.assert(
    fc.property(places, fc.integer({ min: 1, max: 90 }), (sequence, times) => {
      const heads = new AnswerHeads();
      const plain = new ResponseHead();
      const buf = Buffer.alloc(4096);
      for (const [text, start] of sequence) {
        for (let time = 0; time < times; time++) {
          const end = start + buf.write(`${text}body`, start, 'latin1');
          const size = parseResponseHead(buf, start, end, plain);
          const expected = meaning(size, plain, size > 0 ? endpointOf(buf, plain) : '');
          const found = heads.read(buf, start, end);
          assert.deepEqual(meaning(found, heads.head, heads.endpoint), expected);
        }
      }
    }),
    { seed: 20261122, numRuns: 100 },
  );
});
