import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { FakeTransport } from '../../test/fakes/transport.ts';
import { HalfClose } from './half-close.ts';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

describe('a half-closed client', () => {
  function probed(answers: readonly string[]) {
    const transport = new FakeTransport(false);
    const halfClose = new HalfClose(transport);
    let asked = 0;
    halfClose.probe({ harmlessBytes: () => Buffer.from(answers[asked++]!) });
    return { transport, halfClose };
  }

  it('is written to twice, within ten milliseconds', () => {
    const { transport } = probed(['a', 'b']);
    assert.equal(transport.received, 'a');
    mock.timers.tick(9);
    assert.equal(transport.received, 'ab');
    mock.timers.tick(1_000);
    assert.equal(transport.received, 'ab');
  });

  it('is written what is harmless at that moment, which may be nothing', () => {
    const { transport } = probed(['', 'b']);
    assert.equal(transport.received, '');
    mock.timers.tick(9);
    assert.equal(transport.received, 'b');
  });

  it('is left alone once the answer is over', () => {
    const { transport, halfClose } = probed(['a', 'b']);
    halfClose.stop();
    mock.timers.tick(100);
    assert.equal(transport.received, 'a');
  });

  it('is probed once for each answer', () => {
    const { transport, halfClose } = probed(['a', 'b']);
    const again = { harmlessBytes: () => Buffer.from('c') };
    halfClose.probe(again);
    assert.equal(transport.received, 'a');
    halfClose.stop();
    halfClose.probe(again);
    assert.equal(transport.received, 'ac');
  });
});
