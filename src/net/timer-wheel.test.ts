import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../core/clock.ts';
import { type TimerOwner, TimerWheel, WheelTimer } from './timer-wheel.ts';

const TICK_MS = 20;
const ROTATION_MS = 1024 * TICK_MS;
const wheels: TimerWheel[] = [];

afterEach(() => {
  for (const wheel of wheels.splice(0)) wheel.stop();
});

/** A wheel with its own time, and what fired when. */
class Bench implements TimerOwner {
  readonly clock = new FakeClock(1e6);
  turns = 0;
  readonly wheel = new TimerWheel(this.clock, () => this.turns++);
  readonly fired: string[] = [];
  /** What the next firing of a kind does besides being written down. */
  readonly onFiring = new Map<number, () => void>();

  constructor() {
    wheels.push(this.wheel);
  }

  timer(): WheelTimer {
    return new WheelTimer(this);
  }

  onTimer(kind: number): void {
    this.fired.push(`${kind}@${this.wheel.nowMs}`);
    const action = this.onFiring.get(kind);
    this.onFiring.delete(kind);
    action?.();
  }

  /** Runs for `forMs` as the interval would, in steps of `stepMs`. */
  run(forMs: number, stepMs = TICK_MS): void {
    for (let left = forMs; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      this.wheel.turn();
    }
  }

  kinds(): string {
    return this.fired.map((entry) => entry.split('@')[0]).join(' ');
  }
}

describe('the timer wheel', () => {
  it('fires never early and at most one tick late', () => {
    for (const afterMs of [1, 19, 20, 21, 39, 40, 100, 777, 10_000]) {
      const bench = new Bench();
      bench.wheel.arm(bench.timer(), 1, afterMs);
      bench.run(afterMs - 1, 1);
      assert.deepEqual(bench.fired, [], `${afterMs} ms: early`);
      bench.run(TICK_MS, 1);
      assert.equal(bench.fired.length, 1, `${afterMs} ms: late`);
    }
  });

  it('fires in the order of deadlines, and within a tick in the order of arming', () => {
    const bench = new Bench();
    for (const [kind, afterMs] of [
      [3, 300],
      [1, 100],
      [2, 200],
      [4, 300],
    ] as const) {
      bench.wheel.arm(bench.timer(), kind, afterMs);
    }
    bench.run(400);
    assert.equal(bench.kinds(), '1 2 3 4');
  });

  it('keeps the order also when one turn covers many ticks', () => {
    const bench = new Bench();
    for (const kind of [5, 4, 3, 2, 1]) bench.wheel.arm(bench.timer(), kind, kind * 40);
    bench.run(400, 400);
    assert.equal(bench.kinds(), '1 2 3 4 5');
  });

  it('fires a timer once', () => {
    const bench = new Bench();
    bench.wheel.arm(bench.timer(), 1, 50);
    bench.run(3 * ROTATION_MS, 500);
    assert.equal(bench.kinds(), '1');
  });

  it('takes the last arming of a timer only', () => {
    const bench = new Bench();
    const timer = bench.timer();
    bench.wheel.arm(timer, 1, 50);
    bench.wheel.arm(timer, 2, 500);
    bench.run(100);
    assert.equal(bench.kinds(), '');
    bench.wheel.arm(timer, 3, 40);
    bench.run(600);
    assert.equal(bench.kinds(), '3');
  });

  it('moves a deadline by refresh', () => {
    const bench = new Bench();
    const timer = bench.timer();
    bench.wheel.arm(timer, 1, 100);
    for (let i = 0; i < 10; i++) {
      bench.run(80);
      bench.wheel.refresh(timer, 100);
    }
    assert.equal(bench.kinds(), '');
    bench.run(120);
    assert.equal(bench.kinds(), '1');
  });

  it('does not bring a cancelled timer back by refresh', () => {
    const bench = new Bench();
    const timer = bench.timer();
    bench.wheel.arm(timer, 1, 100);
    bench.wheel.cancel(timer);
    bench.wheel.cancel(timer);
    bench.wheel.refresh(timer, 50);
    bench.run(1000);
    assert.equal(bench.kinds(), '');
  });

  it('holds deadlines of more than one rotation', () => {
    const bench = new Bench();
    bench.wheel.arm(bench.timer(), 1, ROTATION_MS);
    bench.wheel.arm(bench.timer(), 2, 3 * ROTATION_MS + 60);
    bench.wheel.arm(bench.timer(), 3, 3_600_000);
    bench.run(ROTATION_MS - TICK_MS, 500);
    assert.equal(bench.kinds(), '');
    bench.run(2 * TICK_MS);
    assert.equal(bench.kinds(), '1');
    bench.run(2 * ROTATION_MS, 500);
    assert.equal(bench.kinds(), '1');
    bench.run(80);
    assert.equal(bench.kinds(), '1 2');
    bench.run(3_600_000 - 3 * ROTATION_MS - 200, 500);
    assert.equal(bench.kinds(), '1 2');
    bench.run(200);
    assert.equal(bench.kinds(), '1 2 3');
  });
});

describe('inside onTimer', () => {
  it('a timer of the same tick can be cancelled', () => {
    const bench = new Bench();
    const victim = bench.timer();
    bench.wheel.arm(bench.timer(), 1, 100);
    bench.wheel.arm(victim, 2, 100);
    bench.wheel.arm(bench.timer(), 3, 100);
    bench.onFiring.set(1, () => bench.wheel.cancel(victim));
    bench.run(200);
    assert.equal(bench.kinds(), '1 3');
  });

  it('a timer can arm itself and others again without firing in the same turn', () => {
    const bench = new Bench();
    const first = bench.timer();
    const second = bench.timer();
    bench.wheel.arm(first, 1, 100);
    bench.wheel.arm(second, 2, 100);
    bench.onFiring.set(1, () => {
      bench.wheel.arm(first, 3, 0);
      bench.wheel.arm(second, 4, ROTATION_MS);
    });
    bench.run(100);
    assert.equal(bench.kinds(), '1');
    bench.run(TICK_MS);
    assert.equal(bench.kinds(), '1 3');
    bench.run(ROTATION_MS, 500);
    assert.equal(bench.kinds(), '1 3 4');
  });
});

describe('time of the wheel', () => {
  it('stands still while the process is stopped, so that nothing fires early', () => {
    const bench = new Bench();
    bench.wheel.arm(bench.timer(), 1, 5_000);
    bench.run(1_000);
    bench.run(3_600_000, 3_600_000);
    assert.equal(bench.kinds(), '', 'one turn after a stop of an hour counts as half a second');
    bench.run(3_480);
    assert.equal(bench.kinds(), '');
    bench.run(40);
    assert.equal(bench.kinds(), '1');
  });

  it('does not count the time in which nothing was armed', () => {
    const bench = new Bench();
    bench.wheel.arm(bench.timer(), 1, 100);
    bench.run(200);
    bench.clock.advance(100_000);
    bench.wheel.arm(bench.timer(), 2, 100);
    bench.run(80);
    assert.equal(bench.kinds(), '1');
    bench.run(40);
    assert.equal(bench.kinds(), '1 2');
  });

  it('calls its listener after each turn', () => {
    const bench = new Bench();
    bench.run(100);
    assert.equal(bench.turns, 5);
  });
});

type Step = readonly [kind: 'arm' | 'cancel' | 'refresh' | 'run', timer: number, ms: number];

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: step('arm', 30_000) },
    { weight: 1, arbitrary: step('cancel', 1) },
    { weight: 2, arbitrary: step('refresh', 30_000) },
    { weight: 4, arbitrary: step('run', 2_000) },
  ),
  { maxLength: 60 },
);

function step(kind: Step[0], maxMs: number): fc.Arbitrary<Step> {
  return fc.tuple(fc.constant(kind), fc.nat(7), fc.nat(maxMs));
}

/** Deadlines in a plain array; refresh may only move them later, as the wheel's contract says. */
function play(script: readonly Step[]): void {
  const bench = new Bench();
  const timers = Array.from({ length: 8 }, () => bench.timer());
  const deadlines = new Array<number>(8).fill(-1);
  const expected: string[] = [];
  for (const [kind, index, ms] of script) {
    const timer = timers[index]!;
    const deadline = bench.wheel.nowMs + ms;
    if (kind === 'arm') {
      bench.wheel.arm(timer, index, ms);
      deadlines[index] = deadline;
    } else if (kind === 'cancel') {
      bench.wheel.cancel(timer);
      deadlines[index] = -1;
    } else if (kind === 'refresh' && deadlines[index]! >= 0) {
      if (deadline < deadlines[index]!) continue;
      bench.wheel.refresh(timer, ms);
      deadlines[index] = deadline;
    } else if (kind === 'run') {
      for (let left = ms; left > 0; left -= TICK_MS) {
        bench.run(TICK_MS);
        const now = bench.wheel.nowMs;
        for (const [at, due] of deadlines.entries()) {
          if (due < 0 || due > now) continue;
          expected.push(`${at}@${now}`);
          deadlines[at] = -1;
        }
      }
    }
  }
  assert.deepEqual(bench.fired.toSorted(), expected.toSorted());
}

it('does what a list of deadlines does, whatever is armed, moved and cancelled', () => {
  fc.assert(
    fc.property(steps, (script) => {
      play(script);
    }),
    { seed: 11, numRuns: 300 },
  );
});
