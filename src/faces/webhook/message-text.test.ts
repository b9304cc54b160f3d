import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Alert, Trouble } from './alert.ts';
import { fleetOf } from './fleet-fixture.ts';
import { cutText, MAX_TEXT_BYTES, messageText } from './message-text.ts';

const TROUBLE: Trouble = {
  id: 'm@http://h/v1',
  modelName: 'm',
  cause: 'connection refused',
  forMs: 61_000,
  flapping: false,
};

function alertOf(kind: 'startup' | 'failure' | 'recovery' | 'report', troubles = [TROUBLE]): Alert {
  const fleet = fleetOf({ a: 'well', b: 'failing' }, { requests: 9, succeeded: 8 });
  return { kind, fleet, troubles, shortFailures: 2 };
}

test('names endpoint, cause and duration of a failure', () => {
  assert.deepEqual(messageText(alertOf('failure'), 'gate-1'), {
    title: 'LLM Router: 1 endpoint failing',
    text: [
      'router: `gate-1`',
      'endpoints: 1 of 2 healthy',
      '- `m@http://h/v1`: connection refused, for 61 s',
    ].join('\n'),
  });
  const flapping = alertOf('failure', [{ ...TROUBLE, cause: '', flapping: true }]);
  assert.match(messageText(flapping, 'g').text, /requests fail, for 61 s, fails again and again$/);
});

test('says how long a recovered endpoint had failed', () => {
  for (const [forMs, words] of [
    [0, '0 s'],
    [125_000, '2 min'],
    [3 * 3_600_000 + 300_000, '3 h 5 min'],
    [50 * 3_600_000, '2 d 2 h'],
  ] as const) {
    const { title, text } = messageText(alertOf('recovery', [{ ...TROUBLE, forMs }]), 'g');
    assert.equal(title, 'LLM Router: 1 endpoint recovered');
    assert.ok(text.endsWith(`\n- \`m@http://h/v1\` works again after ${words}`), text);
  }
});

test('reports totals, what fails and every model', () => {
  assert.equal(
    messageText(alertOf('report'), 'g').text,
    [
      'router: `g`',
      'endpoints: 1 of 2 healthy',
      'uptime: 90 s',
      'requests since start: 9, of them 8 answered well',
      'failures that passed without an alert: 2',
      '- `m@http://h/v1`: connection refused, for 61 s',
      '- `m`: 1 of 2 healthy, 3 requests a minute',
    ].join('\n'),
  );
  assert.equal(messageText(alertOf('startup'), 'g').title, 'LLM Router: started');
});

test('counts what does not fit', () => {
  const troubles = Array.from({ length: 500 }, (_, at) => ({ ...TROUBLE, id: `m@http://h${at}` }));
  const { title, text } = messageText(alertOf('failure', troubles), 'g');
  assert.equal(title, 'LLM Router: 500 endpoints failing');
  const shown = text.split('\n').filter((line) => line.startsWith('- ')).length;
  assert.ok(shown > 50 && text.endsWith(`\n… and ${500 - shown} more`));
});

test('keeps every text within the limit, whatever the names are (60 runs, seed 3)', () => {
  const name = fc.string({ unit: 'binary', maxLength: 2000 });
  fc.assert(
    fc.property(fc.array(name, { maxLength: 60 }), name, (ids, cause) => {
      const troubles = ids.map((id) => ({ ...TROUBLE, id, cause }));
      const { title, text } = messageText(alertOf('report', troubles), 'g');
      assert.ok(Buffer.byteLength(`## ${title}\n\n${text}`) <= MAX_TEXT_BYTES);
    }),
    { seed: 3, numRuns: 60 },
  );
});

test('lets no name become markup, a mention or a line of its own', () => {
  const troubles = [{ ...TROUBLE, id: '`<@all>\n- fine', cause: '<!channel>\u202e' }];
  const { text } = messageText(alertOf('failure', troubles), 'g');
  assert.equal(text.split('\n').length, 3);
  assert.doesNotMatch(text, /[<>\u202e]/);
  assert.match(text, /`'‹@all› - fine`/);
});

test('cuts between characters, at every length', () => {
  const text = 'aé中😀z';
  const expected = ['', 'a', 'a', 'aé', 'aé', 'aé', 'aé中', 'aé中', 'aé中', 'aé中', 'aé中😀'];
  for (const [bytes, cut] of [...expected, text, text].entries()) {
    assert.equal(cutText(text, bytes), cut, `${bytes} bytes`);
  }
});
