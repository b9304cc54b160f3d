import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Usage } from './usage.ts';

/** Input, output and cached tokens, read from between stale bytes; undefined = none found. */
function read(text: string): readonly number[] | undefined {
  const span = Buffer.from(text);
  const stale = Buffer.from('"usage":{"prompt_tokens":666}');
  const usage = new Usage();
  const buf = Buffer.concat([stale, span, stale]);
  const found = usage.search(buf, stale.length, stale.length + span.length);
  return found ? [usage.tokensIn, usage.tokensOut, usage.tokensCached] : undefined;
}

describe('the usage of an answer', () => {
  it('is read from every kind of answer', () => {
    for (const [text, expected] of [
      // Chat completions: whole, with details, with nulls, spread over lines.
      ['{"usage":{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3}}', [9, 3, -1]],
      [
        '{"x":[],"usage":{"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,' +
          '"prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},' +
          '"completion_tokens_details":{"reasoning_tokens":7,"cached_tokens":"no"}},"z":1}',
        [2006, 300, 1920],
      ],
      [
        '{"usage":{"prompt_tokens":5,"completion_tokens":0,"prompt_tokens_details":null}}',
        [5, 0, -1],
      ],
      ['{ "usage" : {\n "prompt_tokens" : 5 ,\r\n\t"completion_tokens" : 6 } }', [5, 6, -1]],
      // Embeddings, rerankers.
      ['{"data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}', [8, -1, -1]],
      ['{"usage":{"total_tokens":56},"results":[]}', [56, -1, -1]],
      // Responses.
      [
        '{"type":"response.completed","response":{"usage":{"input_tokens":36,' +
          '"input_tokens_details":{"cached_tokens":4},"output_tokens":87,"total_tokens":123}}}',
        [36, 87, 4],
      ],
      // Messages: what was cached is counted apart.
      [
        '{"usage":{"input_tokens":10,"cache_creation_input_tokens":5,' +
          '"cache_read_input_tokens":100,"output_tokens":20}}',
        [115, 20, 100],
      ],
      ['{"type":"message_delta","usage":{"output_tokens":15}}', [-1, 15, -1]],
    ] as const) {
      assert.deepEqual(read(text), expected, text);
    }
  });

  it('is the last one, key by key', () => {
    const start = 'data: {"message":{"usage":{"input_tokens":25,"output_tokens":1}}}\n\n';
    const delta = 'data: {"type":"message_delta","usage":{"output_tokens":15}}\n\n';
    assert.deepEqual(read(start + delta), [25, 15, -1]);
    assert.deepEqual(read('{"usage":{"prompt_tokens":1},"usage":null}'), [1, -1, -1]);
  });

  it('is not taken from text, from halves or from what is no count', () => {
    for (const text of [
      '',
      'data: [DONE]\n\n',
      '{"usage":null}',
      '{"usage":[{"prompt_tokens":1}]}',
      '{"usage":{"prompt_tokens":1',
      '{"usage":{"prompt_tokens":12',
      '{"usage":{"prompt_tokens":1,"x":"}"',
      '{"content":"\\"usage\\":{\\"prompt_tokens\\":1}"}',
      `{"content":${JSON.stringify('{"usage":{"prompt_tokens":1}}')}}`,
      '"usage":{"prompt_tokens":1}',
    ]) {
      assert.equal(read(text), undefined, text);
    }
    const odd =
      '{"usage":{"prompt_tokens":-1,"completion_tokens":1.5,"x":{"prompt_tokens":7},' +
      '"y":"prompt_tokens","total_tokens":1e3,"input_tokens":"3",' +
      '"output_tokens":99999999999999999}}';
    assert.deepEqual(read(odd), [-1, -1, -1]);
    assert.deepEqual(read('{"usage":{"a":"\\"}","prompt_tokens":4,"b":["}"]}}'), [4, -1, -1]);
  });

  it('agrees with JSON.parse wherever the object stands and whatever stands beside it', () => {
    const count = fc.nat({ max: 1e9 });
    const usage = fc.record(
      {
        note: fc.string(),
        prompt_tokens: count,
        list: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
        completion_tokens: count,
        prompt_tokens_details: fc.option(fc.record({ audio: count, cached_tokens: count })),
      },
      { requiredKeys: [] },
    );
    const before = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });
    const property = fc.property(before, usage, fc.nat(2), (others, told, indent) => {
      const { usage: _, ...rest } = others;
      const text = JSON.stringify({ ...rest, usage: told, after: rest }, null, indent);
      const cached = told.prompt_tokens_details?.cached_tokens ?? -1;
      const expected = [told.prompt_tokens ?? -1, told.completion_tokens ?? -1, cached];
      assert.deepEqual(read(text), expected, text);
    });
    fc.assert(property, { seed: 7, numRuns: 500 });
  });

  it('says where it stands', () => {
    const usage = new Usage();
    const text = Buffer.from('{"a":1,"usage": {"prompt_tokens":1}}');
    assert.ok(usage.search(text, 0, text.length));
    assert.equal(usage.foundAt, text.indexOf('{"prompt'));
    assert.equal(usage.search(text, 0, 10), false);
    assert.deepEqual([usage.foundAt, usage.tokensIn], [-1, -1]);
  });
});
