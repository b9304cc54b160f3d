import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  BODY_CHUNKED,
  BODY_LENGTH,
  BODY_NONE,
  BODY_UNTIL_CLOSE,
  BodyFraming,
} from './body-framing.ts';
import * as kinds from './parse-error.ts';

interface Outcome {
  data: string;
  /** Bytes that belong to the message, or the place of the error. */
  consumed: number;
  done: boolean;
  error: number;
}

/** Feeds `text` cut at the given places; each piece in a buffer of its own, at an odd offset. */
function feed(framing: BodyFraming, text: string, cuts: readonly number[]): Outcome {
  let data = '';
  let consumed = 0;
  let from = 0;
  for (const to of [...cuts, text.length]) {
    const buf = Buffer.from(`#${text.slice(from, to)}#`, 'latin1');
    const end = buf.length - 1;
    let pos = 1;
    while (pos < end && !framing.done && framing.error === 0) {
      const next = framing.next(buf, pos, end);
      assert.ok(framing.dataStart >= pos && framing.dataEnd <= next, 'the span lies in the piece');
      assert.ok(next > pos || framing.error !== 0, 'every call moves on');
      data += buf.toString('latin1', framing.dataStart, framing.dataEnd);
      pos = next;
    }
    consumed += pos - 1;
    from = to;
    if (framing.done || framing.error !== 0) break;
  }
  const { done, error } = framing;
  return { data, consumed, done, error };
}

function chunked(text: string, cuts: readonly number[] = []): Outcome {
  const framing = new BodyFraming();
  framing.reset(BODY_CHUNKED, 0);
  return feed(framing, text, cuts);
}

const plain = { done: true, error: 0 };

const COMPLETE: readonly (readonly [text: string, data: string])[] = [
  ['0\r\n\r\n', ''],
  ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'],
  ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789'],
  ['7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', '\r\n0\r\n\r\n'],
  ['05\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['000000005\r\nhello\r\n000000000\r\n\r\n', 'hello'],
  ['5;a\r\nhello\r\n0;b=c\r\n\r\n', 'hello'],
  ['5;a=b;c="d \\" ; \\\\ \xe4";e\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['0\r\nA: b\r\nC:\r\n\r\n', ''],
  ['1\r\nx\r\n0\r\nContent-Type: 5\r\nTransfer: x\r\n\r\n', 'x'],
];

describe('a chunked body', () => {
  it('gives its data and its end, at every pair of cuts', () => {
    for (const [text, data] of COMPLETE) {
      const expected = { ...plain, data, consumed: text.length };
      assert.deepEqual(chunked(`${text}NEXT`), expected, JSON.stringify(text));
      for (let a = 0; a <= text.length; a++) {
        for (let b = a; b <= text.length; b++) {
          assert.deepEqual(chunked(text, [a, b]), expected, JSON.stringify([text, a, b]));
        }
      }
      const everywhere = Array.from(text, (_, i) => i);
      assert.deepEqual(chunked(text, everywhere), expected);
    }
  });

  it('is not over before its last byte', () => {
    for (const [text] of COMPLETE) {
      for (let end = 0; end < text.length; end++) {
        const framing = new BodyFraming();
        framing.reset(BODY_CHUNKED, 0);
        const outcome = feed(framing, text.slice(0, end), []);
        assert.deepEqual([outcome.done, outcome.error, outcome.consumed], [false, 0, end]);
        assert.equal(framing.finish(), false);
      }
    }
  });

  it('that encodes any data gives it back from any pieces', () => {
    const piece = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 });
    const property = fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.array(fc.nat(300), { maxLength: 8 }),
      (pieces, cuts) => {
        const chunks = pieces.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`);
        const text = `${chunks.join('')}0\r\n\r\n`;
        const sorted = cuts.filter((cut) => cut <= text.length).sort((a, b) => a - b);
        const expected = { ...plain, data: pieces.join(''), consumed: text.length };
        assert.deepEqual(chunked(text, sorted), expected);
      },
    );
    fc.assert(property, { seed: 7, numRuns: 300 });
  });

  it('tells how much of the current chunk is to come', () => {
    const framing = new BodyFraming();
    framing.reset(BODY_CHUNKED, 0);
    const buf = Buffer.from('1fffffffffffff\r\nab');
    assert.equal(framing.next(buf, 0, buf.length), buf.length);
    assert.equal(framing.error, 0);
    assert.equal(framing.remaining, Number.MAX_SAFE_INTEGER - 2);
  });
});

const REFUSED: readonly (readonly [kind: number, examples: readonly string[]])[] = [
  [
    kinds.CHUNK_SIZE_SYNTAX,
    [
      '\r\n',
      'g\r\n',
      '-1\r\n',
      '+1\r\n',
      '0x5\r\n',
      ' 5\r\n',
      '5 \r\n',
      '5 ;a\r\n',
      '5\t\r\n',
      ';a\r\n',
    ].concat(['5\0\r\n', '5,5\r\n', '\n', '5\xff']),
  ],
  [kinds.CHUNK_SIZE_ZEROS, ['0000000005\r\n', '0000000000\r\n']],
  [
    kinds.CHUNK_SIZE_TOO_LARGE,
    ['20000000000000\r\n', 'ffffffffffffffff\r\n', `${'f'.repeat(300)}\r\n`],
  ],
  [kinds.CHUNK_LINE_END, ['5\n', '5\r\r\n', '5\rhello', '5;a\n', '5;a\rX', '5;a=b\n', '5;a="b"\n']],
  [kinds.CHUNK_DATA_END, ['5\r\nhello0\r\n', '5\r\nhello\n', '5\r\nhello\rX', '5\r\nhello!\r\n']],
  [
    kinds.CHUNK_EXTENSION_SYNTAX,
    [
      '5;\r\n',
      '5;=\r\n',
      '5;a=\r\n',
      '5;a="\r\n',
      '5;a="\\\r\n',
      '5;a b\r\n',
      '5; a\r\n',
      '5;a="b"c\r\n',
    ].concat(['5;a\0\r\n', '5;a="\0"\r\n', '5;a;;b\r\n', '5;a=b=c\r\n', '5;a="b\n"\r\n']),
  ],
  [
    kinds.CHUNK_EXTENSIONS_TOO_LARGE,
    [`5;${'a'.repeat(4096)}\r\n`, `1;${'a'.repeat(2047)}\r\nx\r\n`.repeat(3)],
  ],
  [kinds.OBS_FOLD, ['0\r\nA: b\r\n c\r\n\r\n']],
  [kinds.LEADING_SPACE, ['0\r\n A: b\r\n\r\n']],
  [kinds.SPACE_BEFORE_COLON, ['0\r\nA : b\r\n\r\n']],
  [kinds.NO_COLON, ['0\r\nA\r\n\r\n']],
  [kinds.EMPTY_NAME, ['0\r\n: b\r\n\r\n']],
  [kinds.NAME_CHARACTER, ['0\r\n(: b\r\n\r\n', '0\r\nA(: b\r\n\r\n']],
  [kinds.VALUE_CHARACTER, ['0\r\nA: \0\r\n\r\n', '0\r\nA:\x7f\r\n\r\n']],
  [kinds.BARE_CR, ['0\r\nA: b\rC\r\n\r\n', '0\r\n\rX']],
  [kinds.BARE_LF, ['0\r\nA: b\n\r\n', '0\r\n\n', '0\r\nA\n']],
  [kinds.TOO_MANY_FIELDS, [`0\r\n${'A: b\r\n'.repeat(129)}\r\n`]],
  [kinds.HEAD_TOO_LARGE, [`0\r\nA: ${'b'.repeat(32768)}\r\n\r\n`]],
  [
    kinds.TRAILER_FRAMING,
    [
      '0\r\nContent-Length: 1\r\n\r\n',
      '0\r\nA: b\r\ncontent-length:\r\n\r\n',
      '0\r\nTRANSFER-ENCODING: chunked\r\n\r\n',
    ],
  ],
];

describe('a chunked body that breaks a rule', () => {
  for (const [kind, examples] of REFUSED) {
    it(`is refused: ${kinds.detailOf(kind)}`, () => {
      for (const text of examples) {
        const whole = chunked(text);
        assert.equal(whole.error, kind, JSON.stringify(text.slice(0, 60)));
        assert.equal(whole.done, false);
        const step = text.length > 1000 ? 997 : 1;
        for (let cut = 0; cut < text.length; cut += step) {
          assert.deepEqual(chunked(text, [cut]), whole, JSON.stringify([text.slice(0, 60), cut]));
        }
      }
    });
  }

  it('consumes nothing more, and is not over when the peer closes', () => {
    const framing = new BodyFraming();
    framing.reset(BODY_CHUNKED, 0);
    feed(framing, 'x', []);
    const buf = Buffer.from('0\r\n\r\n');
    assert.equal(framing.next(buf, 0, buf.length), 0);
    assert.equal(framing.dataStart, framing.dataEnd);
    assert.equal(framing.finish(), false);
    framing.reset(BODY_CHUNKED, 0);
    assert.equal(framing.next(buf, 0, buf.length), buf.length);
    assert.equal(framing.done, true);
  });

  it('may have trailers whose names only begin or end like those of framing fields', () => {
    const names = ['Content-Lengt', 'Content-Length-', 'XContent-Length', 'Transfer-Length', 'T'];
    for (const name of names.concat('Content-Encoding', 'Transfer-Encodinf', 'Content\x0dLength')) {
      const { error } = chunked(`0\r\n${name}: 1\r\n\r\n`);
      assert.equal(error, name.includes('\r') ? kinds.NO_COLON : 0, name);
    }
  });

  it('may fill the limits to the byte', () => {
    assert.equal(chunked(`0;${'a'.repeat(4095)}\r\n\r\n`).done, true);
    assert.equal(chunked(`0\r\n${'A: b\r\n'.repeat(128)}\r\n`).done, true);
    assert.equal(chunked(`0\r\nA: ${'b'.repeat(32768 - 7)}\r\n\r\n`).done, true);
    assert.equal(chunked(`0\r\nA: ${'b'.repeat(32768 - 6)}\r\n\r\n`).error, kinds.HEAD_TOO_LARGE);
  });
});

describe('a body of a known length', () => {
  it('ends after as many bytes, at every cut', () => {
    for (let cut = 0; cut <= 5; cut++) {
      const framing = new BodyFraming();
      framing.reset(BODY_LENGTH, 5);
      const outcome = feed(framing, 'helloNEXT', [cut]);
      assert.deepEqual(outcome, { ...plain, data: 'hello', consumed: 5 });
      assert.equal(framing.remaining, 0);
    }
  });

  it('is cut off when the peer closes before that', () => {
    const framing = new BodyFraming();
    framing.reset(BODY_LENGTH, 5);
    feed(framing, 'hell', []);
    assert.deepEqual([framing.done, framing.remaining, framing.finish()], [false, 1, false]);
  });

  it('is over at once when there is none', () => {
    const framing = new BodyFraming();
    for (const kind of [BODY_NONE, BODY_LENGTH]) {
      framing.reset(kind, 0);
      assert.deepEqual([framing.done, framing.finish()], [true, true]);
      assert.equal(framing.next(Buffer.from('NEXT'), 0, 4), 0);
      assert.equal(framing.dataStart, framing.dataEnd);
    }
  });
});

describe('a body that ends with the connection', () => {
  it('takes everything until the peer closes', () => {
    const framing = new BodyFraming();
    framing.reset(BODY_UNTIL_CLOSE, 0);
    assert.equal(framing.remaining, -1);
    const outcome = feed(framing, 'hello world', [3, 7]);
    assert.deepEqual(outcome, { ...plain, done: false, data: 'hello world', consumed: 11 });
    assert.deepEqual([framing.finish(), framing.done], [true, true]);
    assert.equal(framing.next(Buffer.from('x'), 0, 1), 0);
  });
});
