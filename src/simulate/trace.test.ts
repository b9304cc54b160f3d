import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTrace, slice, type Trace } from './trace.ts';

function traceOf(text: string): Trace {
  const trace = readTrace(text);
  if (typeof trace === 'string') assert.fail(trace);
  return trace;
}

const LINE = { timestamp: 0, input_length: 1_300, output_length: 5, hash_ids: [7, 8, 9] };

test("reads Mooncake's lines: whole blocks only, equal ids are equal blocks", () => {
  const other = { ...LINE, timestamp: 20, hash_ids: [7, 3, 9] };
  const { blockTokens, requests } = traceOf(`${JSON.stringify(other)}\n${JSON.stringify(LINE)}\n`);
  const [first, second] = requests;
  assert.equal(blockTokens, 512);
  assert.deepEqual([first!.atMs, first!.promptTokens, first!.outputTokens], [0, 1_300, 5]);
  assert.deepEqual(first!.blocks, [7, 8]);
  assert.equal(first!.chain.count, 2);
  assert.equal(first!.chain.low[0], second!.chain.low[0]);
  assert.notEqual(first!.chain.low[1], second!.chain.low[1]);
});

test('reads what a recording says of its blocks', () => {
  const text = `{"block_tokens":128}\n${JSON.stringify({ ...LINE, hash_ids: [2 ** 47, 5, 6] })}\n`;
  const { blockTokens, requests } = traceOf(text);
  assert.equal(blockTokens, 128);
  assert.equal(requests[0]!.chain.tokensUpTo[2], 384);
});

test("reads Azure's table: times from the first, nothing shared", () => {
  const { requests } = traceOf(
    'TIMESTAMP,ContextTokens,GeneratedTokens\n' +
      '2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n',
  );
  assert.equal(requests.length, 2);
  assert.ok(Math.abs(requests[1]!.atMs - 4_315) < 2, `${requests[1]!.atMs}`);
  assert.deepEqual([requests[1]!.promptTokens, requests[1]!.blocks.length], [396, 0]);
});

test('cuts a part out and tells its times from its begin', () => {
  const lines = [0, 60_000, 90_000, 200_000].map((timestamp) =>
    JSON.stringify({ ...LINE, timestamp }),
  );
  const part = slice(traceOf(lines.join('\n')), 60_000, 60_000);
  assert.deepEqual(
    part.requests.map(({ atMs }) => atMs),
    [0, 30_000],
  );
});

test('says which line is wrong, and why', () => {
  const problems: [string, RegExp][] = [
    ['', /no request/],
    ['{"timestamp":0', /line 1 is not a JSON object/],
    [`${JSON.stringify(LINE)}\n{"timestamp":1,"input_length":"x"}`, /line 2: input_length/],
    [JSON.stringify({ ...LINE, hash_ids: ['a'] }), /line 1: hash_ids/],
    ['TIMESTAMP,A,B\nyesterday,1,2', /line 2: expected a time/],
  ];
  for (const [text, why] of problems) assert.match(String(readTrace(text)), why);
});
