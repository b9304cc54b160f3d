import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASK_FOR_USAGE, withUsage } from './stream-options.ts';

test('asks for usage beside what is there already', () => {
  for (const [json, expected] of [
    ['null', { include_usage: true }],
    ['{}', { include_usage: true }],
    ['{"include_usage":false}', { include_usage: true }],
    ['{"include_usage":null,"x":[1]}', { include_usage: true, x: [1] }],
    ['{"continuous_usage_stats":false}', { continuous_usage_stats: false, include_usage: true }],
    ['{"include_usage":true,"include_usage":false}', { include_usage: true }],
  ] as const) {
    assert.deepEqual(JSON.parse(withUsage(json) ?? ''), expected, json);
  }
  assert.deepEqual(JSON.parse(`{${ASK_FOR_USAGE}"a":1}`), {
    stream_options: { include_usage: true },
    a: 1,
  });
});

test('leaves alone what asks already, and what is none of its business', () => {
  for (const json of ['{"include_usage":true}', '[]', '1', '"x"', 'true', '{', '']) {
    assert.equal(withUsage(json), undefined, json);
  }
});
