/** Which requests a worker can explain, and what it says of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, post, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, type FakePlaneParts, OPTIONS } from '../../test/fakes/plane.ts';
import { OPERATOR_DRAINING, PROBE_DOWN } from '../core/columns.ts';
import type { DecisionRecord, RequestQuery } from '../core/request-record.ts';
import { Recorder } from './recorder.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const BAD = 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n';
const ANY: RequestQuery = { id: '', failed: false, running: false, limit: 1000 };
const BODY = '{"model":"m"}';
const named = (id: string, body = BODY) =>
  `POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nX-Request-Id: ${id}\r\n` +
  `Content-Length: ${body.length}\r\n\r\n${body}`;

function setUp(parts: FakePlaneParts = {}, size = 8) {
  const recorder = new Recorder(size);
  const fake = new FakePlane({ recorder, ...parts });
  const find = (query: Partial<RequestQuery> = {}) => recorder.find({ ...ANY, ...query });
  const steps = ({ steps: all }: DecisionRecord) => all.map(({ step }) => step);
  return { recorder, fake, find, steps };
}

test('keeps a plain request with its candidates, found by its id', () => {
  const { fake, find, steps } = setUp({ endpoints: [endpoint(0), endpoint(1), endpoint(2)] });
  fake.columns.control.probeState[1] = PROBE_DOWN;
  fake.columns.control.operatorState[2] = OPERATOR_DRAINING;
  fake.columns.control.waiting[0] = 3;
  fake.client(named('mine'));
  fake.connect().deliver(OK);
  const [record] = find({ id: 'mine' });
  assert.deepEqual(steps(record!), ['attempt', 'committed']);
  const id = (slot: number) => endpoint(slot).id;
  assert.deepEqual(record!.steps[0]!.candidates, [
    { endpoint: id(0), inFlight: 0, waiting: 3, rpm: 0, excluded: '' },
    { endpoint: id(1), inFlight: 0, waiting: -1, rpm: 0, excluded: 'down' },
    { endpoint: id(2), inFlight: 0, waiting: -1, rpm: 0, excluded: 'draining' },
  ]);
  assert.deepEqual(find({ id: 'other' }), []);
  fake.close();
});

test('says of a failover who had failed, and keeps what failed apart', () => {
  const { fake, find, steps } = setUp({ endpoints: [endpoint(0), endpoint(1)] });
  fake.client(named('a'));
  const first = fake.slotOf(fake.upstream);
  fake.connect().deliver(BAD);
  fake.connect().deliver(OK);
  const [record] = find();
  assert.deepEqual(steps(record!), ['attempt', 'failed', 'retry', 'attempt', 'committed']);
  const again = record!.steps[3]!.candidates.find(({ endpoint: of }) => of === endpoint(first).id);
  assert.equal(again!.excluded, 'tried');
  assert.deepEqual(find({ failed: true }), []);
  fake.client(named('b', '{"model":"nobody"}'));
  assert.deepEqual(
    find({ failed: true }).map(({ id, outcome }) => [id, outcome]),
    [['b', 'model_not_found']],
  );
  fake.close();
});

test('shows the endpoint that was chosen as it was before it was charged', () => {
  const { fake, find } = setUp({ endpoints: [endpoint(0, { rpmLimit: 1 })] });
  fake.client(named('a'));
  fake.connect().deliver(OK);
  const [seen] = find()[0]!.steps[0]!.candidates;
  assert.deepEqual([seen!.rpm, seen!.excluded], [0, '']);
  fake.close();
});

test('says why a request waits, also while it does', () => {
  const { fake, find } = setUp({ endpoints: [endpoint(0, { rpmLimit: 1 })] });
  fake.client(named('a'));
  fake.client(named('b'));
  const [, waiting] = fake.downstreams.running(ANY);
  assert.deepEqual([waiting!.id, waiting!.running], ['b', true]);
  const [step] = waiting!.steps;
  assert.deepEqual([step!.step, step!.candidates[0]!.excluded], ['waits', 'rate_limit']);
  assert.equal(fake.downstreams.running({ ...ANY, id: 'a' }).length, 1);
  fake.advance(OPTIONS.queueTimeoutMs + 100);
  assert.deepEqual(
    find({ failed: true }).map(({ id, outcome }) => [id, outcome]),
    [['b', 'rate_limited']],
  );
  fake.close();
});

test('of requests without an event only some a second are kept, of failures all', () => {
  const { fake, find } = setUp({}, 1000);
  const client = fake.client();
  for (let i = 0; i < 200; i++) {
    client.deliver(Buffer.from(named(`plain-${i}`)));
    if (i === 0) fake.connect();
    fake.upstream.deliver(OK);
  }
  assert.equal(find().length, 50);
  for (let i = 0; i < 200; i++) {
    client.deliver(Buffer.from(named(`failed-${i}`, '{"model":"nobody"}')));
  }
  assert.equal(find({ failed: true }).length, 200);
  fake.advance(1000, 1000);
  client.deliver(Buffer.from(named('later')));
  fake.upstream.deliver(OK);
  assert.equal(find({ id: 'later' }).length, 1);
  fake.close();
});

test('is bounded, and failures are pushed out by failures only', () => {
  const { fake, find } = setUp({}, 4);
  const client = fake.client(named('bad', '{"model":"nobody"}'));
  for (let i = 0; i < 20; i++) {
    client.deliver(Buffer.from(named(`good-${i}`)));
    if (i === 0) fake.connect();
    fake.upstream.deliver(OK);
    fake.advance(100, 100);
  }
  assert.deepEqual(
    find().map(({ id }) => id),
    ['good-19', 'good-18', 'good-17', 'good-16', 'bad'],
  );
  assert.equal(find({ limit: 2 }).length, 2);
  fake.close();
});

test('keeps what was refused at the head', () => {
  const { fake, find } = setUp();
  fake.client('GET /nowhere HTTP/1.1\r\nHost: r\r\nX-Request-Id: lost\r\n\r\n');
  const [record] = find({ id: 'lost' });
  assert.deepEqual([record!.outcome, record!.status, record!.route], ['refused', 404, '/nowhere']);
  fake.close();
});

test('tells clients where their answer came from, unless that is switched off', () => {
  const told = (explainHeaders: boolean, answers: readonly string[]) => {
    const endpoints = [endpoint(0, { id: '通@http://h/v1' }), endpoint(1)];
    const { fake } = setUp({ endpoints, options: { explainHeaders } });
    const client = fake.client(post({ body: BODY }));
    for (const answer of answers) fake.connect().deliver(answer);
    const reply = readAnswer(client.received);
    const last = fake.slotOf(fake.upstream);
    fake.close();
    const name = field(reply, 'x-llm-router-endpoint');
    return [name, field(reply, 'x-llm-router-attempts'), last] as const;
  };
  const encoded = `${encodeURIComponent('通')}@http://h/v1`;
  const idOf = (slot: number) => (slot === 0 ? encoded : endpoint(1).id);
  const [name, attempts, slot] = told(true, [OK]);
  assert.deepEqual([name, attempts], [idOf(slot), '1']);
  const [second, two, other] = told(true, [BAD, OK]);
  assert.deepEqual([second, two], [idOf(other), '2']);
  const off = told(false, [OK]);
  assert.deepEqual([off[0], off[1]], [undefined, undefined]);
});

test('says after how many attempts an error is given up', () => {
  const { fake } = setUp({ options: { explainHeaders: true, numRetries: 1 } });
  const client = fake.client(post({ body: BODY }));
  fake.connect().deliver(BAD);
  fake.advance(5000);
  fake.connect().deliver(BAD);
  const saved = readAnswer(client.received);
  assert.deepEqual([saved.status, field(saved, 'x-llm-router-attempts')], [500, '2']);
  const none = fake.client(named('x', '{"model":"nobody"}'));
  assert.equal(field(readAnswer(none.received), 'x-llm-router-attempts'), '0');
  fake.close();
});
