import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BodyPool } from './body-pool.ts';

const MIB = 1024 * 1024;

describe('body pool', () => {
  it('gives buffers that are large enough and not twice too large', () => {
    const pool = new BodyPool(MIB);
    for (const size of [4097, 32_768, 32_769, 65_536, 65_537, 300_000, 3 * MIB, 64 * MIB]) {
      const { length } = pool.take(size);
      assert.ok(length >= size && length < 2 * size, `${size}: ${length}`);
    }
    assert.equal(pool.take(1).length, 4096);
    assert.equal(pool.take(65 * MIB).length, 65 * MIB);
  });

  it('gives a buffer again that was given back', () => {
    const pool = new BodyPool(MIB);
    const buffer = pool.take(300_000);
    pool.give(buffer);
    assert.equal(pool.take(400_000), buffer);
    assert.notEqual(pool.take(400_000), buffer);
  });

  it('keeps no more than it may', () => {
    const pool = new BodyPool(MIB);
    const buffers = [pool.take(MIB), pool.take(MIB)];
    for (const buffer of buffers) pool.give(buffer);
    assert.equal(pool.take(MIB), buffers[0]);
    assert.ok(!buffers.includes(pool.take(MIB)));
    pool.give(Buffer.alloc(65 * MIB));
    assert.equal(pool.take(65 * MIB).length, 65 * MIB);
  });
});
