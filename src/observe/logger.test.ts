import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLogger } from './logger.ts';

function logTo(terminal: boolean, level = 'info') {
  const lines: string[] = [];
  const log = makeLogger(level, { terminal, write: (line) => lines.push(line) });
  return { log, lines };
}

/** Line ends, escape sequences of both sets, a line separator, a direction mark, DEL. */
const NASTY = 'a\n12:00:00 INFO forged\r\u001b[31m\u009b2J\u2028\u202e\u007f"b';
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/;

test('writes one line of JSON for each event', () => {
  const { log, lines } = logTo(false);
  log.warn({ endpoint: 'm@http://x' }, 'ejected an endpoint');
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0]!);
  assert.deepEqual(rest, { level: 40, endpoint: 'm@http://x', msg: 'ejected an endpoint' });
  assert.equal(typeof time, 'number');
});

test('writes short lines for a person at a terminal', () => {
  const { log, lines } = logTo(true);
  log.warn({ endpoint: 'm@http://x', code: 'refused', added: [], n: 3 }, 'ejected one');
  const [clock, ...rest] = lines[0]!.split(' ');
  assert.match(clock!, /^\d\d:\d\d:\d\d$/);
  assert.equal(
    rest.join(' '),
    'WARN ejected one endpoint=m@http://x code=refused added="[]" n=3\n',
  );
});

for (const terminal of [true, false]) {
  const form = terminal ? 'readable' : 'JSON';
  test(`in a ${form} line nobody forges a line or speaks to the terminal`, () => {
    const { log, lines } = logTo(terminal);
    log.error({ reason: NASTY, [NASTY]: 1, list: [NASTY] }, NASTY);
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0]!, UNSAFE);
    assert.equal(lines[0]!.indexOf('\n'), lines[0]!.length - 1);
  });
}

test('JSON lines keep what was logged', () => {
  const { log, lines } = logTo(false);
  log.error({ reason: NASTY }, 'm');
  assert.equal(JSON.parse(lines[0]!).reason, NASTY);
});

test('a readable field cannot pass for two', () => {
  const { log, lines } = logTo(true);
  log.error({ reason: 'x code=ok' }, 'm');
  assert.match(lines[0]!, / m reason="x code=ok"\n$/);
});

test('leaves out what is below its level', () => {
  const { log, lines } = logTo(false, 'warn');
  log.info('no');
  log.warn('yes');
  assert.equal(lines.length, 1);
});
