import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIELD_AUTHORIZATION, FIELD_COOKIE, FIELD_HOST } from './fields.ts';
import { HeadWriter, writeForwardedFields } from './head-writer.ts';
import { parseRequestHead, RequestHead } from './request-head.ts';

function written(write: (out: HeadWriter) => void, capacityBytes = 4): string {
  const out = new HeadWriter(capacityBytes);
  write(out);
  return out.buf.toString('latin1', 0, out.length);
}

describe('the head writer', () => {
  it('puts pieces one after another and grows as needed', () => {
    const long = Buffer.from('0123456789'.repeat(20));
    for (const capacityBytes of [0, 1, 64, 4096]) {
      const text = written((out) => {
        out.ascii('HTTP/1.1 \xe4');
        out.crlf();
        out.bytes(Buffer.from('a: b'));
        out.bytes(long);
        out.span(long, 3, 5);
        out.span(long, 1, 101);
        out.span(long, 7, 7);
        out.decimal(42);
      }, capacityBytes);
      const digits = long.toString();
      const expected = `HTTP/1.1 \xe4\r\na: b${digits}34${digits.slice(1, 101)}42`;
      assert.equal(text, expected);
    }
  });

  it('starts again after a reset', () => {
    const text = written((out) => {
      out.ascii('something long');
      out.reset();
      out.ascii('x');
    });
    assert.equal(text, 'x');
  });

  it('writes whole numbers as decimal and hexadecimal', () => {
    const numbers = [0, 1, 9, 10, 15, 16, 99, 100, 255, 256, 4095, 65536, 999999, 1000000];
    numbers.push(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 7, 10 ** 15, Number.MAX_SAFE_INTEGER);
    for (const number of numbers) {
      assert.equal(
        written((out) => out.decimal(number)),
        String(number),
      );
      assert.equal(
        written((out) => out.hex(number)),
        number.toString(16),
      );
    }
  });
});

describe('forwarded fields', () => {
  const drop = new Uint8Array(256);
  for (const id of [FIELD_HOST, FIELD_AUTHORIZATION, FIELD_COOKIE]) drop[id] = 1;

  function forward(lines: readonly string[]): string {
    const text = `GET / HTTP/1.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\nbody`;
    const buf = Buffer.from(`junk${text}`);
    const head = new RequestHead();
    assert.equal(parseRequestHead(buf, 4, buf.length, head), text.length - 4);
    return written((out) => writeForwardedFields(out, buf, head, drop));
  }

  it('are the kept lines, byte for byte and in order, whichever are dropped', () => {
    const kept = ['A:1', 'B: 2 ', 'C:\t3'];
    const dropped = ['Host: h', 'authorization: x', 'COOKIE: y', 'Connection: D', 'D: 4', 'TE: t'];
    for (let mask = 0; mask < 64; mask++) {
      const lines: string[] = [];
      const expected: string[] = [];
      for (let i = 0; i < 6; i++) {
        const keep = ((mask >> i) & 1) === 1;
        const line = keep ? kept[i % 3] : dropped[i];
        lines.push(line);
        // Connection names D, so D goes with it and stays without it.
        if (keep || (line === 'D: 4' && !lines.includes('Connection: D'))) expected.push(line);
      }
      assert.equal(forward(lines), expected.map((line) => `${line}\r\n`).join(''), `mask ${mask}`);
    }
  });

  it('are nothing when there are no fields', () => {
    assert.equal(forward([]), '');
  });
});
