import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MAX_MODEL_BYTES,
  MODEL_ABSENT,
  MODEL_FOUND,
  MODEL_INVALID,
  MODEL_SEARCHING,
  ModelField,
} from './model-field.ts';

const PROPERTY = { seed: 20260101, numRuns: 600 };

/** Feeds a body in pieces of the given sizes (repeated), each between stale bytes. */
function read(body: Buffer, sizes: readonly number[]): ModelField {
  const field = new ModelField();
  let at = 0;
  for (let i = 0; at < body.length; i++) {
    const size = Math.min(Math.max(1, sizes[i % sizes.length]), body.length - at);
    const chunk = Buffer.alloc(size + 7, '"\\');
    body.copy(chunk, 3, at, at + size);
    field.feed(chunk, 3, 3 + size);
    at += size;
  }
  field.finish();
  return field;
}

interface Expected {
  readonly status: number;
  readonly value: string;
  readonly stream: boolean;
}

/** What JSON.parse makes of a valid document. */
function parsed(text: string): Expected {
  const root: unknown = JSON.parse(text);
  const fields = new Map<string, unknown>();
  if (typeof root === 'object' && root !== null && !Array.isArray(root)) {
    for (const [key, value] of Object.entries(root)) fields.set(key, value);
  }
  const model = fields.get('model');
  const found = typeof model === 'string' && model.length > 0;
  return {
    status: found ? MODEL_FOUND : MODEL_ABSENT,
    value: found ? model : '',
    stream: fields.get('stream') === true,
  };
}

/** Where `stream_options` is, and where it can be put when it is not there. */
function checkOptions(body: Buffer, field: ModelField): void {
  const root = JSON.parse(body.toString()) as Record<string, unknown>;
  const { firstKeyAt, optionsStart, optionsEnd } = field;
  if (!Object.hasOwn(root, 'stream_options')) {
    assert.deepEqual([optionsStart, optionsEnd], [-1, -1]);
    const rest = body.toString('utf8', firstKeyAt);
    const added = `${body.toString('utf8', 0, firstKeyAt)}"stream_options":7,${rest}`;
    assert.deepEqual(JSON.parse(added), { ...root, stream_options: 7 });
  } else if (typeof root.stream_options === 'string') {
    assert.equal(optionsEnd, -1);
  } else {
    const value = body.toString('utf8', optionsStart, optionsEnd);
    assert.deepEqual(JSON.parse(value), root.stream_options);
  }
}

function check(text: string, sizes: readonly number[]): void {
  const body = Buffer.from(text);
  const field = read(body, sizes);
  const { status, value, valueStart, valueEnd, streamRequested } = field;
  assert.deepEqual({ status, value, stream: streamRequested }, parsed(body.toString()), text);
  if (status !== MODEL_FOUND) {
    assert.deepEqual([valueStart, valueEnd], [-1, -1]);
    return;
  }
  assert.equal(JSON.parse(body.toString('utf8', valueStart, valueEnd)), value);
  checkOptions(body, field);
  const before = body.toString('utf8', 0, valueStart);
  const spliced = `${before}"other"${body.toString('utf8', valueEnd)}`;
  assert.equal((JSON.parse(spliced) as { model: string }).model, 'other');
}

const DOCUMENTS = [
  '{"model":"a"}',
  ' \r\n\t{ "model" : "a" , "stream" : true } \n',
  '{"messages":[{"role":"user","content":"\\"model\\":\\"no\\" \\\\"}],"model":"yes","n":1}',
  '{"tools":[{"schema":{"model":"x","stream":true}}],"model":"m","stream":false}',
  '{"model":"first","x":[1,2,{"y":[]}],"model":"last"}',
  '{"model":"first","model":null}',
  '{"model":"first","model":{"model":"inner"}}',
  '{"model":null,"model":"last","stream":true,"stream":1}',
  '{"model":""}',
  '{"model":"first","model":""}',
  '{"model":["a"],"stream":"true"}',
  '{"mod\\u0065l":"key with an escape","\\u0073tream":true}',
  '{"\\u006D\\u006f\\u0064\\u0065\\u006c":"all escapes"}',
  '{"\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d":true,"model":"m"}',
  '{"mode":"no","models":"no","model\\u0000":"no","\\"model":"no","model ":"no","Model":"no"}',
  '{"model":"m","mod\\n0065l":"no","mod\\u1065l":"no","mod\\u0165l":"no","modeli":"no"}',
  '{"a very long key that is longer than any key of ours \\u0000":1,"model":"m"}',
  '{"model":"caf\\u00e9 caf\u00e9 \\ud83d\\ude00 \u{1f600} \\n\\t\\"\\\\\\/"}',
  '{"model":"\\ud800"}',
  '{"model":"m","stream_options":{"include_usage":true,"a":[{}]},"stream":true}',
  '{"stream_options" : null ,"model":"m","stream_options":{ } }',
  '{"stream_options":{"x":"}"},"model":"m","stream_options":null}',
  '{"stream_options":"no","model":"m"}',
  '{"stream_options":12,"model":"m","stream_option":{},"stream_optionss":{}}',
  '{"model":"m","\\u0073tream\\u005foptions":[1]}',
  '{"model":"\\\\","a":"\\\\\\"","b":"\\\\\\\\"}',
  '{"n":-1.5e+10,"t":true,"f":false,"z":null,"model":"m","stream":true}',
  '{"stream":true,"stream":"no","model":"m"}',
  '{"a":{"b":[{"c":"}]\\"}"},[[]],{}]},"model":"m"}',
  '{}',
  ' { } ',
  '[{"model":"m"}]',
  '"model"',
  '12',
  'null',
  '[]',
  '{"__proto__":{"model":"x"},"constructor":1}',
];

test('reads what JSON.parse reads, with the body cut at every offset', () => {
  for (const text of DOCUMENTS) {
    const length = Buffer.byteLength(text);
    check(text, [length]);
    check(text, [1]);
    for (let cut = 1; cut < length; cut++) check(text, [cut, length]);
  }
});

/** JSON text written with the freedom the grammar gives: white space, escapes, duplicates. */
function jsonText(): fc.Arbitrary<string> {
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r\n');
  const escaped = (text: string, choice: number): string => {
    if (choice === 0) return JSON.stringify(text);
    let out = '';
    for (let i = 0; i < text.length; i++) {
      const hex = text.charCodeAt(i).toString(16).padStart(4, '0');
      out += (i + choice) % 3 === 0 ? `\\u${hex}` : JSON.stringify(text[i]).slice(1, -1);
    }
    return `"${out}"`;
  };
  const words = fc.constantFrom(
    'model',
    'stream',
    'stream_options',
    'mode',
    '"model":"x"',
    '\\',
    '}',
    'é😀',
    '',
  );
  const content = fc.oneof(words, fc.string({ maxLength: 60, unit: 'binary' }));
  const string = fc.tuple(content, fc.nat(3)).map(([text, choice]) => escaped(text, choice));
  const key = fc
    .tuple(fc.oneof(fc.constant('model'), words, content), fc.nat(3))
    .map(([text, choice]) => escaped(text, choice));
  const { object } = fc.letrec<{ value: string; object: string }>((tie) => {
    const list = (open: string, item: fc.Arbitrary<string>, close: string) =>
      fc
        .tuple(space, fc.array(item, { maxLength: 6, size: 'max' }))
        .map(([gap, items]) => open + gap + items.join(`${gap},`) + gap + close);
    const member = fc
      .tuple(key, space, tie('value'))
      .map(([name, gap, value]) => `${name}${gap}:${gap}${value}`);
    return {
      value: fc.oneof(
        { maxDepth: 3 },
        string,
        fc.constantFrom('true', 'false', 'null', '0', '-1.5e3'),
        list('[', tie('value'), ']'),
        tie('object'),
      ),
      object: list('{', member, '}'),
    };
  });
  return fc.tuple(space, object, space).map((parts) => parts.join(''));
}

test('reads what JSON.parse reads from arbitrary documents in arbitrary chunks', () => {
  let found = 0;
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
  const property = fc.property(jsonText(), sizes, (text, cuts) => {
    check(text, cuts);
    found += parsed(text).status === MODEL_FOUND ? 1 : 0;
  });
  fc.assert(property, PROPERTY);
  assert.ok(found > PROPERTY.numRuns / 20, `only ${found} documents had a model`);
});

test('never throws and stays within its states on arbitrary bytes', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ',',
    ':',
    'model',
    ' ',
    '"model":"a"',
  );
  const bytes = fc.array(pieces, { maxLength: 30 }).map((list) => Buffer.from(list.join('')));
  const any = fc.oneof(
    bytes,
    fc.uint8Array({ maxLength: 60 }).map((list) => Buffer.from(list)),
  );
  const property = fc.property(any, fc.integer({ min: 1, max: 9 }), (body, size) => {
    const field = read(body, [size]);
    assert.ok([MODEL_FOUND, MODEL_ABSENT, MODEL_INVALID].includes(field.status));
    assert.equal(field.value !== '', field.status === MODEL_FOUND);
    const whole = read(body, [body.length + 1]);
    assert.deepEqual([field.status, field.value], [whole.status, whole.value]);
  });
  fc.assert(property, PROPERTY);
});

test('calls what cannot be JSON invalid', () => {
  const broken = [
    '',
    '  ',
    '{',
    '{"model":"a"',
    '{"model":"a',
    '{"model"',
    '{"model":"a"}}',
    '{"model":"a"} x',
    '{"model":"a"}{"model":"b"}',
    '{"model":"a",}',
    '{,"model":"a"}',
    '{"model" "a"}',
    '{"model":"a" "b":1}',
    '{"model":,}',
    '{model:"a"}',
    '{"a":1 2,"model":"m"}',
    '{"a":tr"ue","model":"m"}',
    '{"a":1],"model":"m"}',
    '{"model":"a\nb"}',
    '{"model":"\\x"}',
    '{"model":"\\u12"}',
    '\ufeff{"model":"a"}',
    'model=a',
    '--boundary\r\nContent-Disposition: form-data; name="model"\r\n\r\na',
  ];
  for (const text of broken) {
    const body = Buffer.from(text);
    for (const size of [1, 5, body.length + 1]) {
      const field = read(body, [size]);
      const seen = [field.value, field.valueStart, field.valueEnd];
      // A body that starts like a word could be true, false or null: it has no key either way.
      const status = text.startsWith('m') || text.startsWith('-') ? MODEL_ABSENT : MODEL_INVALID;
      assert.deepEqual([field.status, ...seen], [status, '', -1, -1], JSON.stringify(text));
    }
  }
});

test('takes a name up to the limit and refuses a longer one, however it is cut', () => {
  for (const size of [1, 1000, 1_000_000]) {
    const longest = 'm'.repeat(MAX_MODEL_BYTES);
    assert.equal(read(Buffer.from(`{"model":"${longest}"}`), [size]).value, longest);
    const field = read(Buffer.from(`{"model":"${longest}m","model":"short"}`), [size]);
    assert.equal(field.status, MODEL_INVALID);
  }
});

test('knows the name before the body ends, and forgets it for a later duplicate', () => {
  const field = new ModelField();
  const feed = (text: string) => field.feed(Buffer.from(text), 0, Buffer.byteLength(text));
  feed('{"messages":"');
  assert.equal(field.status, MODEL_SEARCHING);
  feed('…","model":"one"');
  assert.equal(field.status, MODEL_FOUND);
  assert.equal(field.value, 'one');
  feed(',"model":');
  assert.equal(field.value, 'one');
  feed('"tw');
  assert.equal(field.status, MODEL_SEARCHING);
  feed('o"}');
  assert.equal(field.value, 'two');
  field.finish();
  assert.equal(field.status, MODEL_FOUND);
});

test('starts over on reset, from any state', () => {
  for (const text of DOCUMENTS) {
    for (let cut = 0; cut <= text.length; cut += 3) {
      const field = new ModelField();
      const first = Buffer.from(text.slice(0, cut));
      field.feed(first, 0, first.length);
      field.reset();
      assert.deepEqual(field, new ModelField());
      const body = Buffer.from('{"model":"next"}');
      field.feed(body, 0, body.length);
      field.finish();
      assert.equal(field.value, 'next');
      assert.deepEqual([field.valueStart, field.valueEnd], [9, 15]);
    }
  }
});

test('finds the model after a long string whose quotes and backslashes straddle chunks', () => {
  const noise = '\\\\\\"'.repeat(500) + 'A'.repeat(5000) + '\\"'.repeat(300) + '\\\\'.repeat(400);
  for (const size of [7, 64, 97, 4096]) {
    check(`{"a":"${noise}","b":["${noise}"],"model":"m"}`, [size]);
  }
});
