import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Waiting, WaitingLine } from './waiting-line.ts';

interface Entry extends Waiting {
  readonly name: string;
}

const KIB = 1024;

function entry(name: string, priority = 0, flow = '', sizeBytes = KIB): Entry {
  return { name, standing: { priority, flow }, sizeBytes };
}

/** Takes up to `count` in order of their turns. */
function takeAll(line: WaitingLine<Entry>, count = Number.POSITIVE_INFINITY): Entry[] {
  const taken: Entry[] = [];
  while (taken.length < count) {
    const next = line.next();
    if (next === undefined) break;
    line.take(next, 0);
    taken.push(next);
  }
  return taken;
}

suite('the waiting line', () => {
  test('serves first come first served where nothing tells entries apart', () => {
    const line = new WaitingLine<Entry>(0);
    for (const name of ['a', 'b', 'c', 'd']) line.join(entry(name));
    assert.deepEqual(
      takeAll(line).map(({ name }) => name),
      ['a', 'b', 'c', 'd'],
    );
    assert.equal(line.next(), undefined);
  });

  test('serves nobody while one of a better class waits', () => {
    const line = new WaitingLine<Entry>(0);
    line.join(entry('batch', 2));
    line.join(entry('normal', 1));
    line.join(entry('chat', 0));
    assert.equal(line.bestPriority(), 0);
    assert.deepEqual(
      takeAll(line).map(({ name }) => name),
      ['chat', 'normal', 'batch'],
    );
    assert.equal(line.bestPriority(), -1);
  });

  test('shares by what is asked for, not by the number of requests', () => {
    const line = new WaitingLine<Entry>(0);
    for (let i = 0; i < 200; i++) line.join(entry(`big${i}`, 0, 'big', 32 * KIB));
    for (let i = 0; i < 2000; i++) line.join(entry(`small${i}`, 0, 'small', 4 * KIB));
    const spent = { big: 0, small: 0 };
    for (const one of takeAll(line, 900))
      spent[one.standing.flow as 'big' | 'small'] += one.sizeBytes + 4 * KIB;
    const ratio = spent.big / spent.small;
    assert.ok(ratio > 0.9 && ratio < 1.1, `${spent.big} and ${spent.small}`);
  });

  test('lets a client with one request go before the second of one with a thousand', () => {
    const line = new WaitingLine<Entry>(0);
    for (let i = 0; i < 1000; i++) line.join(entry(`many${i}`, 0, 'many', 200 * KIB));
    line.join(entry('one', 0, 'one', 200 * KIB));
    const names = takeAll(line, 2).map(({ name }) => name);
    assert.ok(names.includes('one'), names.join());
  });

  test('keeps the turn of one that could not be placed', () => {
    const line = new WaitingLine<Entry>(0);
    for (let i = 0; i < 5; i++) line.join(entry(`a${i}`, 0, 'a', 100 * KIB));
    for (let i = 0; i < 5; i++) line.join(entry(`b${i}`, 0, 'b', 300 * KIB));
    while (line.size > 0) {
      const next = line.next()!;
      for (let i = 0; i < 10; i++) assert.equal(line.next(), next);
      line.take(next, 0);
    }
  });

  test('forgets who leaves, and only then', () => {
    const line = new WaitingLine<Entry>(0);
    const [a, b] = [entry('a'), entry('b')];
    line.join(a);
    line.join(b);
    assert.equal(line.leave(a), true);
    assert.equal(line.leave(a), false);
    assert.equal(line.next(), b);
    assert.deepEqual([line.size, line.bytes], [1, b.sizeBytes]);
  });

  test('tells how long it will take until all have gone', () => {
    const line = new WaitingLine<Entry>(0);
    for (let i = 0; i < 200; i++) line.join(entry(`${i}`));
    assert.equal(line.drainMs(0), -1);
    for (let i = 1; i <= 100; i++) line.take(line.next()!, i * 50);
    assert.ok(Math.abs(line.drainMs(5000) - 100 * 50) < 1);
    // Nobody went for a long time: then the pace was better than it is.
    assert.equal(line.drainMs(6000), 100 * 1000);
  });

  test('serves everybody once, classes in order, sums kept, whatever joins and leaves', () => {
    const one = fc.record({
      priority: fc.nat(2),
      flow: fc.constantFrom('x', 'y', 'z'),
      sizeBytes: fc.integer({ min: 1, max: 64 * KIB * KIB }),
    });
    const step = fc.oneof(
      { weight: 3, arbitrary: one },
      fc.constantFrom('take' as const, 'leave' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const line = new WaitingLine<Entry>(0);
        const inside = new Set<Entry>();
        const check = () => {
          assert.equal(line.size, inside.size);
          assert.equal(
            line.bytes,
            [...inside].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
          );
        };
        const take = () => {
          const next = line.next();
          if (next === undefined) return assert.equal(inside.size, 0);
          assert.ok(inside.has(next), 'it waits');
          assert.ok(
            [...inside].every(({ standing }) => standing.priority >= next.standing.priority),
          );
          const older = [...inside].find((other) => {
            const { flow, priority } = other.standing;
            return flow === next.standing.flow && priority === next.standing.priority;
          });
          assert.equal(next, older, 'the oldest of its flow');
          line.take(next, 0);
          inside.delete(next);
        };
        for (const [index, what] of steps.entries()) {
          if (what === 'take') take();
          else if (what === 'leave') {
            const [first] = inside;
            if (first !== undefined) assert.ok(line.leave(first));
            if (first !== undefined) inside.delete(first);
          } else {
            const made = entry(String(index), what.priority, what.flow, what.sizeBytes);
            line.join(made);
            inside.add(made);
          }
          check();
        }
        while (inside.size > 0) take();
        check();
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
