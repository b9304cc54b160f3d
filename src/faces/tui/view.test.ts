import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../../control/status.ts';
import { type Shown, screenOf } from './screen.ts';
import { fixtureEndpoint, fixtureStatus } from './status-fixture.ts';
import { widthOf } from './text-width.ts';
import { endpointsOf, FIRST_VIEW, type Key, press, type View } from './view.ts';

const STATUS = fixtureStatus([
  fixtureEndpoint('qwen', 8001),
  fixtureEndpoint('qwen', 8002, 'down'),
  fixtureEndpoint('模型', 8003, 'draining'),
]);
const SHOWN: Shown = {
  status: STATUS,
  trouble: '',
  requestsPerS: [1, 2, 3],
  inFlight: [1, 1, 1],
  log: [{ seq: 1, at_ms: 5000, level: 'warn', msg: 'endpoint is down', endpoint: 'x' }],
  nowMs: 101_000,
};
const SIZE = { columns: 80, rows: 24 };

function typed(text: string): Key {
  return { name: '', text };
}

function named(name: Key['name']): Key {
  return { name, text: '' };
}

/** Presses keys one after the other; a character each, or a name. */
function after(keys: readonly (Key | string)[], from: View = FIRST_VIEW) {
  let view = from;
  let last = press(view, typed(''), STATUS);
  for (const key of keys) {
    last = press(view, typeof key === 'string' ? typed(key) : key, STATUS);
    view = last.view;
  }
  return last;
}

function textOf(view: View, shown = SHOWN, size = SIZE): string[] {
  return screenOf(view, shown, size).map((line) => line.map(({ text }) => text).join(''));
}

suite('keys', () => {
  test('the sick endpoint is at the top and can be drained with two keys', () => {
    const asked = after(['d']);
    assert.match(asked.view.confirm!.question, /^Drain qwen@http:\/\/10\.0\.0\.1:8002\/v1\?/);
    assert.equal(asked.deed, undefined);
    const { view, deed } = after(['y'], asked.view);
    assert.deepEqual(deed, {
      kind: 'state',
      id: 'qwen@http://10.0.0.1:8002/v1',
      state: 'draining',
    });
    assert.equal(view.confirm, undefined);
  });

  test('anything but y takes a question back', () => {
    const { view, deed } = after(['m', 'n']);
    assert.equal(deed, undefined);
    assert.equal(view.confirm, undefined);
  });

  test('checks and resets at once: they do no harm', () => {
    assert.equal(after(['j', 'c']).deed?.kind, 'check');
    assert.equal(after(['r']).deed?.kind, 'reset-ejection');
  });

  test('the filter takes keys until Enter, and Escape drops it', () => {
    const typing = after(['/', 'q', 'd', named('erase'), '模']);
    assert.equal(typing.view.filter, 'q模');
    assert.equal(typing.deed, undefined, 'd was a letter');
    const kept = after(['/', '模', named('enter')]).view;
    assert.deepEqual(
      endpointsOf(kept, STATUS).map(({ model }) => model),
      ['模型'],
    );
    assert.equal(after([named('escape')], kept).view.filter, '');
  });

  test('rows are sorted by a column, both ways', () => {
    const byRpm = after(['s', 's', 's']).view;
    const ports = (view: View) => endpointsOf(view, STATUS).map(({ send_rpm }) => send_rpm);
    assert.deepEqual(ports(byRpm), [8001, 8002, 8003]);
    assert.deepEqual(ports(after(['S'], byRpm).view), [8003, 8002, 8001]);
  });

  test('q quits, but not while a filter is typed', () => {
    assert.equal(after(['q']).quit, true);
    assert.equal(after(['/', 'q']).quit, undefined);
  });
});

suite('screens', () => {
  test('say what is wrong before anything else', () => {
    const problem: Problem = {
      kind: 'endpoint_down',
      severity: 'critical',
      subject: 'qwen@x',
      detail: 'connection refused',
      cause: 'It does not answer',
      advice: 'Restart it.',
      since_at_ms: 1000,
    };
    const shown = { ...SHOWN, status: fixtureStatus(STATUS.endpoints, [problem]) };
    const lines = textOf(FIRST_VIEW, shown);
    assert.match(lines[3]!, /✗ qwen@x: connection refused/);
    const all = textOf(after(['4']).view, shown).join('\n');
    assert.match(all, /CRITICAL {2}qwen@x, for 1m/);
    assert.match(all, /→ Restart it\./);
  });

  test('say that what they show is old', () => {
    const lines = textOf(FIRST_VIEW, {
      ...SHOWN,
      trouble: 'nothing listens there',
      nowMs: 130_000,
    });
    assert.match(lines[3]!, /! nothing listens there; what you see is 30s old/);
  });

  test('show each tab, the details and the help', () => {
    assert.match(textOf(after(['2']).view).join('\n'), /1\/3 qwen/);
    assert.match(textOf(after(['3']).view).join('\n'), /self_deployed/);
    assert.match(textOf(after(['5']).view).join('\n'), /warn {2}endpoint is down endpoint=x/);
    assert.match(textOf(after([named('enter')]).view).join('\n'), /failed since start +connect 1/);
    assert.match(textOf(after(['?']).view).join('\n'), /drain the endpoint/);
  });

  test('have exactly the size of the terminal, whatever is pressed', () => {
    const key = fc.oneof(
      fc.constantFrom(...'12345jkgGsS/?demcryqx模'.split('')).map(typed),
      fc
        .constantFrom('up', 'down', 'pageDown', 'enter', 'escape', 'tab', 'erase')
        .map((name) => named(name as Key['name'])),
    );
    const size = fc.record({
      columns: fc.integer({ min: 40, max: 220 }),
      rows: fc.integer({ min: 10, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), size, (keys, { columns, rows }) => {
        const lines = textOf(after(keys).view, SHOWN, { columns, rows });
        assert.equal(lines.length, rows);
        for (const line of lines) assert.ok(widthOf(line) <= columns, line);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test('show the selected one of many', () => {
    const many = Array.from({ length: 2000 }, (_, i) => fixtureEndpoint('m', 1000 + i));
    const status = fixtureStatus(many);
    const view = { ...FIRST_VIEW, selected: 1500 };
    assert.match(textOf(view, { ...SHOWN, status }).join('\n'), /m@10\.0\.0\.1:2500 /);
  });
});
