import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Parts } from '../../test/fakes/admission.ts';
import { endpoint, own } from '../../test/fakes/plane.ts';
import { tokensUsed } from '../core/token-window.ts';

const ONE_AT_A_TIME = own({ maxParallel: 1 });

/** A request of this class and flow, and perhaps with a deadline of its own. */
function of(priority: number, flow = '', timeoutMs = 0) {
  return { standing: { priority, flow, timeoutMs } };
}

function oneAtATime(options = {}): Parts {
  return new Parts([endpoint(0, { own: ONE_AT_A_TIME })], options);
}

suite('those who wait', () => {
  test('go by class, whenever they came', () => {
    const parts = oneAtATime();
    const running = parts.ask('r');
    parts.ask('low', 'm', [], of(2));
    parts.ask('normal', 'm', [], of(1));
    parts.ask('high', 'm', [], of(0));
    parts.told();
    for (let i = 0; i < 3; i++) {
      parts.inFlight[0] = 0;
      parts.admission.poll();
    }
    assert.equal(parts.told(), 'high→0 normal→0 low→0');
    assert.equal(running.slot, 0);
  });

  test('are overtaken by one of a better class that comes when a place is free', () => {
    const parts = oneAtATime();
    parts.ask('r').done();
    parts.inFlight[0] = 1;
    parts.ask('low', 'm', [], of(2));
    parts.inFlight[0] = 0;
    parts.ask('high', 'm', [], of(0));
    assert.equal(parts.told(), 'r→0 low… high→0');
  });

  test('take turns by client inside a class', () => {
    const parts = oneAtATime();
    parts.ask('r');
    const big = { sizeBytes: 200 * 1024 };
    for (let i = 0; i < 4; i++) parts.ask(`a${i}`, 'm', [], { ...of(1, 'a'), ...big });
    parts.ask('b', 'm', [], { ...of(1, 'b'), ...big });
    parts.told();
    for (let i = 0; i < 3; i++) {
      parts.inFlight[0] = 0;
      parts.admission.poll();
    }
    assert.match(parts.told(), /b→0/, 'not behind all of the other client');
  });

  test('leave a place to a better class that waits in another worker', () => {
    const parts = oneAtATime();
    parts.columns.workers[1]!.waitingClass[0] = 1;
    parts.ask('normal', 'm', [], of(1));
    parts.ask('high', 'm', [], of(0));
    assert.equal(parts.told(), 'normal… high→0');
    parts.inFlight[0] = 0;
    parts.admission.poll();
    assert.equal(parts.told(), '');
    parts.columns.workers[1]!.waitingClass[0] = 0;
    parts.admission.poll();
    assert.equal(parts.told(), 'normal→0');
  });

  test('are seen by other workers by their best class', () => {
    const parts = oneAtATime();
    const shown = () => parts.own.waitingClass[0];
    parts.ask('r');
    assert.equal(shown(), 0);
    parts.ask('low', 'm', [], of(2));
    assert.equal(shown(), 3);
    const high = parts.ask('high', 'm', [], of(0));
    assert.equal(shown(), 1);
    parts.admission.leave(high);
    assert.equal(shown(), 3);
    parts.inFlight[0] = 0;
    parts.admission.poll();
    assert.equal(shown(), 0);
  });

  test('are never sent up after their deadline', () => {
    const parts = oneAtATime();
    parts.ask('r');
    parts.ask('late', 'm', [], of(1, '', 500));
    parts.ask('patient', 'm', [], of(1));
    parts.told();
    parts.clock.advance(500);
    parts.inFlight[0] = 0;
    parts.admission.poll();
    assert.equal(parts.told(), 'late✗deadline_exceeded patient→0');
  });

  test('go as soon as a request of their worker ends', async () => {
    const parts = oneAtATime();
    const running = parts.ask('r');
    parts.ask('next');
    parts.told();
    running.done();
    assert.equal(parts.told(), '', 'not in the middle of what ended');
    await Promise.resolve();
    assert.equal(parts.told(), 'next→0');
  });

  test('are bounded by what their bodies hold', () => {
    const parts = oneAtATime({ maxQueueBytes: 1000 });
    parts.ask('r');
    for (const name of ['a', 'b', 'c']) parts.ask(name, 'm', [], { sizeBytes: 400 });
    assert.equal(parts.told(), 'r→0 a… b… c✗queue_full');
  });

  test('are told when the line will have gone', () => {
    const parts = oneAtATime();
    parts.ask('r');
    for (let i = 0; i < 40; i++) parts.ask(`w${i}`);
    for (let i = 0; i < 20; i++) {
      parts.clock.advance(1000);
      parts.inFlight[0] = 0;
      parts.admission.poll();
    }
    assert.equal(parts.admission.comeBackSeconds('m'), 20);
  });
});

suite('a limit for a whole model', () => {
  test('holds over its endpoints and all workers', () => {
    const parts = new Parts([endpoint(0), endpoint(1)], { maxParallelRequests: 3 });
    parts.columns.workers[1]!.inFlight[1] = 2;
    parts.ask('a');
    parts.ask('b');
    assert.match(parts.told(), /^a→\d b…$/);
    parts.columns.workers[1]!.inFlight[1] = 1;
    parts.admission.poll();
    assert.match(parts.told(), /^b→\d$/);
  });
});

suite('places for better classes', () => {
  const high = of(0);
  const low = of(2);

  test('are kept as many as they lately had in use', () => {
    const parts = new Parts([endpoint(0)], { maxParallelRequests: 4 });
    const chats = [parts.ask('c1', 'm', [], high), parts.ask('c2', 'm', [], high)];
    for (const name of ['b1', 'b2', 'b3']) parts.ask(name, 'm', [], low);
    assert.equal(parts.told(), 'c1→0 c2→0 b1→0 b2→0 b3…');
    for (const chat of chats) chat.done();
    parts.admission.poll();
    assert.equal(parts.told(), '', 'the batch leaves them free');
    parts.ask('c3', 'm', [], high);
    assert.equal(parts.told(), 'c3→0', 'so a chat never waits for them');
  });

  test('go to the others again when those do not come any more', () => {
    const parts = new Parts([endpoint(0)], { maxParallelRequests: 2 });
    parts.ask('c', 'm', [], high).done();
    for (const name of ['b1', 'b2']) parts.ask(name, 'm', [], low);
    assert.equal(parts.told(), 'c→0 b1→0 b2…');
    parts.clock.advance(60_000);
    parts.admission.poll();
    assert.equal(parts.told(), 'b2→0');
  });

  test('are kept for what other workers had in use', () => {
    const parts = new Parts([endpoint(0)], { maxParallelRequests: 2 });
    parts.columns.workers[1]!.keptHigh[0] = 1;
    for (const name of ['b1', 'b2']) parts.ask(name, 'm', [], low);
    parts.ask('c', 'm', [], high);
    assert.equal(parts.told(), 'b1→0 b2… c→0');
  });

  test('are counted once, whatever is tried', () => {
    const parts = new Parts([endpoint(0, { own: own({ maxParallel: 3 }) })]);
    const chat = parts.ask('c', 'm', [], high);
    parts.inFlight[0] = 0;
    parts.admission.admit(chat);
    assert.equal(parts.own.keptHigh[0], 0);
    chat.done();
    assert.equal(parts.own.keptHigh[0], 1);
  });
});

suite('a token limit', () => {
  const limited = () => new Parts([endpoint(0, { own: own({ tpmLimit: 1000 }) })]);
  const usedOf = ({ columns, clock }: Parts) => {
    return tokensUsed(columns.shared.tokens, 0, clock.nowMs());
  };

  test('is held by estimates, and settled with what requests cost', () => {
    const parts = limited();
    const first = parts.ask('a', 'm', [], { sizeBytes: 1200 });
    // 1,200 bytes are taken for 300 tokens, and the answer for 256.
    assert.equal(usedOf(parts), 556);
    parts.ask('b', 'm', [], { sizeBytes: 1200 });
    assert.equal(parts.told(), 'a→0 b…');
    first.reservation!.settle(100, parts.clock.nowMs());
    parts.admission.poll();
    assert.equal(parts.told(), 'b→0');
    assert.equal(usedOf(parts), 656);
  });

  test('gets back what never went up, once', () => {
    const parts = limited();
    const { reservation } = parts.ask('a');
    reservation!.settle(0, parts.clock.nowMs());
    reservation!.settle(800, parts.clock.nowMs());
    assert.equal(usedOf(parts), 0);
  });

  test('keeps the estimate when nobody says what it cost', () => {
    const parts = limited();
    const { reservation } = parts.ask('a');
    reservation!.settle(-1, parts.clock.nowMs());
    assert.ok(usedOf(parts) > 256);
  });

  test('sends elsewhere, and says when there will be room', () => {
    const tokens = own({ tpmLimit: 1000 });
    const parts = new Parts([endpoint(0, { own: tokens }), endpoint(1, { own: tokens })]);
    const body = { sizeBytes: 2900 };
    for (const name of ['a', 'b', 'c']) parts.ask(name, 'm', [], body);
    assert.match(parts.told(), /^a→(0 b→1|1 b→0) c…$/);
    const seconds = parts.admission.comeBackSeconds('m');
    assert.ok(seconds >= 1 && seconds <= 62, `${seconds} s`);
  });
});
