import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutBuffer } from './out-buffer.ts';

function text(out: OutBuffer): string {
  return out.view().toString('latin1');
}

function append(out: OutBuffer, bytes: string): void {
  // Somewhere in a larger buffer, as it comes from a socket.
  const chunk = Buffer.from(`<<${bytes}>>`, 'latin1');
  out.append(chunk, 2, chunk.length - 2);
}

describe('the out buffer', () => {
  it('puts pieces together and starts again after a reset', () => {
    const out = new OutBuffer();
    append(out, 'ab');
    append(out, '');
    append(out, 'cde');
    assert.equal(out.bodyBytes(), 5);
    assert.equal(text(out), 'abcde');
    out.reset();
    assert.equal(out.bodyBytes(), 0);
    assert.equal(text(out), '');
  });

  it('frames a body of any length as one chunk', () => {
    for (const size of [
      1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 4097, 65_535, 65_536, 200_000,
    ]) {
      const out = new OutBuffer();
      append(out, 'x'.repeat(size));
      out.frameChunk();
      assert.equal(text(out), `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`, `${size}`);
    }
  });

  it('makes no chunk of an empty body, which would be the last one', () => {
    const out = new OutBuffer();
    out.frameChunk();
    assert.equal(text(out), '');
    out.lastChunk();
    assert.equal(text(out), '0\r\n\r\n');
  });

  it('puts a head in front of what is framed', () => {
    const out = new OutBuffer();
    append(out, 'abc');
    out.frameChunk();
    out.lastChunk();
    const head = Buffer.from('HEAD and rubbish');
    out.prepend(head, 4);
    assert.equal(text(out), 'HEAD3\r\nabc\r\n0\r\n\r\n');
  });

  it('has room for the largest head in front of the largest chunk', () => {
    const out = new OutBuffer();
    append(out, 'x'.repeat(3_000_000));
    out.frameChunk();
    out.prepend(Buffer.alloc(33 * 1024, 'h'), 33 * 1024);
    const all = text(out);
    assert.ok(all.startsWith(`${'h'.repeat(33 * 1024)}2dc6c0\r\nxxx`));
  });

  it('grows piece by piece without losing any', () => {
    const out = new OutBuffer();
    let expected = '';
    for (let i = 0; i < 60; i++) {
      const piece = String.fromCharCode(65 + (i % 26)).repeat(5_000 + i);
      append(out, piece);
      expected += piece;
    }
    out.frameChunk();
    out.lastChunk();
    const size = expected.length.toString(16);
    assert.equal(text(out), `${size}\r\n${expected}\r\n0\r\n\r\n`);
  });

  it('has room for the framing when the body ends at the edge', () => {
    const { bytes } = new OutBuffer();
    const edge = bytes.length - new OutBuffer().bodyAt();
    for (let size = edge - 10; size <= edge; size++) {
      const out = new OutBuffer();
      append(out, 'x'.repeat(size));
      out.frameChunk();
      out.lastChunk();
      assert.ok(text(out).endsWith('x\r\n0\r\n\r\n'), `${size}`);
    }
  });

  it('cuts its end off', () => {
    const out = new OutBuffer();
    append(out, 'abcdef');
    out.truncate(2);
    append(out, 'Z');
    out.frameChunk();
    assert.equal(text(out), '3\r\nabZ\r\n');
    out.reset();
    append(out, 'abc');
    out.truncate(0);
    assert.equal(out.bodyBytes(), 0);
  });

  it('shows what is composed now, whatever was of the same length before', () => {
    const out = new OutBuffer();
    for (const body of ['aaaa', 'bbbb', 'cccc']) {
      out.reset();
      append(out, body);
      assert.equal(text(out), body);
      out.frameChunk();
      assert.equal(text(out), `4\r\n${body}\r\n`);
    }
    // A grown buffer has other bytes behind the same places.
    append(out, 'x'.repeat(200_000));
    out.reset();
    append(out, 'dddd');
    assert.equal(text(out), 'dddd');
  });
});
