import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunked, LAST_CHUNK } from '../../test/fakes/http-text.ts';
import { parseRequestHead, RequestHead } from '../http1/request-head.ts';
import { MODEL_FOUND } from '../openai/model-field.ts';
import { BodyPool } from './body-pool.ts';
import { RequestBody } from './request-body.ts';

const JSON_TEXT = '{"a":"é\\"","model":"my-model","b":[1,2]}';
const NEXT = 'POST /next';

interface Case {
  readonly fields: string;
  readonly bytes: string;
}

const LENGTH: Case = { fields: `Content-Length: ${JSON_TEXT.length}\r\n`, bytes: JSON_TEXT };
const CHUNKED: Case = {
  fields: 'Transfer-Encoding: chunked\r\n',
  bytes: chunked(JSON_TEXT.slice(0, 17)) + chunked(JSON_TEXT.slice(17)) + LAST_CHUNK,
};

function headOf(fields: string): RequestHead {
  const head = new RequestHead();
  const text = Buffer.from(`POST / HTTP/1.1\r\nHost: r\r\n${fields}\r\n`, 'latin1');
  assert.equal(parseRequestHead(text, 0, text.length, head), text.length);
  return head;
}

function bodyOf(fields: string, maxBytes = 1_000, lends = true): RequestBody {
  return new RequestBody(headOf(fields), maxBytes, { lends, pool: new BodyPool(1e6) });
}

/** Feeds the parts as a transport would: lent ones are overwritten right after. */
function feed(body: RequestBody, parts: readonly string[], lends: boolean): number {
  let used = 0;
  for (const part of parts) {
    const chunk = Buffer.from(`##${part}##`, 'latin1');
    used += body.feed(chunk, 2, chunk.length - 2) - 2;
    if (lends) chunk.fill('#');
  }
  return used;
}

function kept(body: RequestBody): string {
  return Buffer.concat(body.spans).toString('latin1');
}

describe('a request body', () => {
  for (const [name, { fields, bytes }] of Object.entries({ LENGTH, CHUNKED })) {
    for (const lends of [true, false]) {
      it(`is kept at every split: ${name}, chunks ${lends ? 'lent' : 'given'}`, () => {
        for (let cut = 0; cut <= bytes.length; cut++) {
          const body = bodyOf(fields, 1_000, lends);
          const used = feed(body, [bytes.slice(0, cut), bytes.slice(cut) + NEXT], lends);
          assert.equal(used, bytes.length, 'what follows is not touched');
          assert.ok(body.framing.done);
          assert.equal(kept(body), JSON_TEXT, `cut at ${cut}`);
          assert.equal(body.sizeBytes, JSON_TEXT.length);
          body.model.finish();
          assert.equal(body.model.status, MODEL_FOUND);
          assert.equal(body.model.value, 'my-model');
        }
      });

      it(`is kept byte by byte: ${name}, chunks ${lends ? 'lent' : 'given'}`, () => {
        const body = bodyOf(fields, 1_000, lends);
        feed(body, [...bytes], lends);
        assert.ok(body.framing.done);
        assert.equal(kept(body), JSON_TEXT);
      });
    }
  }

  it('without framing is empty and done', () => {
    for (const fields of ['', 'Content-Length: 0\r\n']) {
      const body = bodyOf(fields);
      assert.ok(body.framing.done);
      assert.equal(feed(body, [NEXT], true), 0);
      assert.equal(kept(body), '');
    }
  });

  it('is too large when it says so', () => {
    assert.equal(bodyOf('Content-Length: 101\r\n', 100).tooLarge, true);
    assert.equal(bodyOf('Content-Length: 100\r\n', 100).tooLarge, false);
  });

  it('is too large when it has become so', () => {
    const body = bodyOf(CHUNKED.fields, 100);
    feed(body, [chunked('x'.repeat(100))], true);
    assert.equal(body.tooLarge, false);
    feed(body, [chunked('y')], true);
    assert.equal(body.tooLarge, true);
  });

  it('stops where its framing breaks', () => {
    const body = bodyOf(CHUNKED.fields);
    feed(body, [`${chunked('abc')}xyz`], true);
    assert.notEqual(body.framing.error, 0);
    assert.equal(body.framing.done, false);
    assert.equal(feed(body, ['more'], true), 0);
  });

  it('of many short chunks is kept in few pieces', () => {
    for (const lends of [true, false]) {
      const body = bodyOf(CHUNKED.fields, 1e6, lends);
      let expected = '';
      for (let i = 0; i < 20_000; i++) {
        const piece = i % 5_000 === 77 ? 'L'.repeat(5_000) : String.fromCharCode(97 + (i % 26));
        expected += piece;
        feed(body, [chunked(piece)], lends);
      }
      feed(body, [LAST_CHUNK], lends);
      assert.ok(body.framing.done);
      assert.ok(kept(body) === expected);
      assert.ok(body.spans.length < 20, `${body.spans.length} pieces`);
    }
  });

  it('is held until it is dropped', () => {
    const body = bodyOf(LENGTH.fields);
    feed(body, [JSON_TEXT.slice(0, 9), JSON_TEXT.slice(9)], true);
    assert.equal(body.held, true);
    body.drop();
    assert.equal(body.held, false);
    assert.equal(kept(body), '');
    body.drop();
  });

  it('uses the buffer of an earlier body, in how many pieces it may come', () => {
    const pool = new BodyPool(1e6);
    const size = 5000;
    const head = headOf(`Content-Length: ${size}\r\n`);
    const buffers = [['x'.repeat(size)], ['x'.repeat(size - 1), 'y'], ['z'.repeat(size)]].map(
      (pieces) => {
        const body = new RequestBody(head, 1e6, { lends: true, pool });
        feed(body, pieces, true);
        assert.equal(kept(body), pieces.join(''));
        const { buffer } = body.spans[0]!;
        body.drop();
        return buffer;
      },
    );
    assert.equal(new Set(buffers).size, 1);
  });

  it('lends its buffer to the next one only when no transport reads it any more', () => {
    const pool = new BodyPool(1e6);
    const size = 20_000;
    const head = headOf(`Content-Length: ${size}\r\n`);
    const make = () => {
      const body = new RequestBody(head, 1e6, { lends: true, pool });
      feed(body, ['x'.repeat(size - 1), 'y'], true);
      return body;
    };
    const first = make();
    const { buffer } = first.spans[0]!;
    first.sending();
    first.drop();
    assert.notEqual(make().spans[0]!.buffer, buffer, 'still being sent');
    const second = make();
    const again = second.spans[0]!.buffer;
    second.sending();
    second.flushed();
    second.drop();
    assert.equal(make().spans[0]!.buffer, again);
  });
});
