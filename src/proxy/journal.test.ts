import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, FakePlane } from '../../test/fakes/plane.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { Journal } from './journal.ts';

const BODY = '{"model":"m"}';
const POST =
  `POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nX-Request-Id: mine\r\n` +
  `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

function setUp(withSteps: boolean, endpoints = [endpoint(0)]) {
  const batches: { records: RequestRecord[]; dropped: number }[] = [];
  let journal!: Journal;
  const fake = new FakePlane({
    endpoints,
    journal(clock) {
      journal = new Journal(clock, withSteps, (records, dropped) => {
        batches.push({ records, dropped });
      });
      return journal;
    },
  });
  const only = (): RequestRecord => {
    journal.flush();
    assert.equal(batches.length, 1);
    assert.equal(batches[0]!.records.length, 1);
    return batches[0]!.records[0]!;
  };
  return { fake, journal, batches, only };
}

test('records what became of a request', () => {
  const { fake, only } = setUp(false);
  fake.client(POST);
  fake.connect();
  fake.advance(300);
  fake.upstream.deliver(OK);
  const { endpoint: _, ttfbMs, totalMs, ...rest } = only();
  assert.ok(ttfbMs >= 300 && ttfbMs < 400, `${ttfbMs}`);
  assert.ok(totalMs >= ttfbMs);
  assert.deepEqual(rest, {
    id: 'mine',
    method: 'POST',
    route: 'chat/completions',
    model: 'm',
    key: '',
    attempts: 1,
    status: 200,
    outcome: 'ok',
    bytesUp: BODY.length,
    bytesDown: 5,
    ttftMs: -1,
    tokensIn: -1,
    tokensOut: -1,
    steps: [],
  });
  fake.close();
});

test('records the first token and what the answer said it cost', () => {
  const { fake, only } = setUp(false);
  fake.client(POST);
  const events =
    'data: {"choices":[{"delta":{"content":"x"}}]}\n\n' +
    'data: {"choices":[{"finish_reason":"stop"}],' +
    '"usage":{"prompt_tokens":11,"completion_tokens":2}}\n\n';
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
  fake.connect();
  fake.advance(500);
  fake.upstream.deliver(`${head}Content-Length: ${events.length}\r\n\r\n${events}`);
  const { ttftMs, tokensIn, tokensOut } = only();
  assert.deepEqual([ttftMs, tokensIn, tokensOut], [500, 11, 2]);
  fake.close();
});

test('records the steps of a request that failed over', () => {
  const { fake, only } = setUp(true, [endpoint(0), endpoint(1)]);
  fake.client(POST);
  const first = fake.slotOf(fake.upstream);
  fake.connect().deliver('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
  const second = fake.slotOf(fake.upstream);
  fake.connect().deliver(OK);
  const { steps, attempts, endpoint: last, outcome } = only();
  const id = (slot: number) => endpoint(slot).id;
  assert.deepEqual(
    steps.map(({ step, endpoint: of, detail }) => [step, of, detail]),
    [
      ['attempt', id(first), ''],
      ['failed', id(first), 'upstream_status'],
      ['retry', '', 'other_endpoint'],
      ['attempt', id(second), ''],
      ['committed', '', ''],
    ],
  );
  assert.deepEqual({ attempts, last, outcome }, { attempts: 2, last: id(second), outcome: 'ok' });
  fake.close();
});

test("an endpoint's own error that is passed on is its status", () => {
  const { fake, only } = setUp(false);
  fake.client(POST);
  fake.connect().deliver('HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno');
  const { status, outcome, bytesDown } = only();
  assert.deepEqual([status, outcome, bytesDown], [400, 'upstream_status', 2]);
  fake.close();
});

test('a refusal of the router has its code, and no endpoint', () => {
  const { fake, only } = setUp(false);
  fake.client(POST.replace('"m"', '"x"'));
  const { status, outcome, endpoint: tried, attempts, model } = only();
  assert.deepEqual([status, outcome, tried, attempts, model], [404, 'model_not_found', '', 0, 'x']);
  fake.close();
});

test('a client that leaves before an answer was sent nothing', () => {
  const { fake, only } = setUp(false);
  const client = fake.client(POST);
  fake.connect();
  client.destroy();
  fake.net.settle();
  const { status, outcome, ttfbMs } = only();
  assert.deepEqual([status, outcome, ttfbMs], [0, 'client_gone', -1]);
  fake.close();
});

test('a stream that breaks has the status it began with and the code of its end', () => {
  const { fake, only } = setUp(false);
  fake.client(POST);
  const upstream = fake.connect();
  upstream.deliver(
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '9\r\ndata: {}\n\r\n1\r\n\n\r\n',
  );
  upstream.handler!.onEnd();
  const { status, outcome, bytesDown } = only();
  assert.deepEqual([status, outcome], [200, 'upstream_disconnected']);
  // The event and the error event behind it.
  assert.ok(bytesDown > 10);
  fake.close();
});

test('what the router answers at the head is recorded with its path', () => {
  const { fake, only } = setUp(true);
  fake.client(`GET /nowhere${'x'.repeat(500)}?key=1 HTTP/1.1\r\nHost: r\r\n\r\n`);
  const { method, route, status, outcome } = only();
  assert.deepEqual([method, route.length, status, outcome], ['GET', 200, 404, 'refused']);
  fake.close();
});

test('a batch waits until the one before was taken, and what is too much is counted', () => {
  const { fake, journal, batches } = setUp(false);
  const record = { id: 'x' } as RequestRecord;
  journal.flush();
  assert.equal(batches.length, 0);
  journal.add(record);
  journal.flush();
  for (let i = 0; i < 5_010; i++) journal.add(record);
  journal.flush();
  assert.deepEqual(
    batches.map(({ records, dropped }) => [records.length, dropped]),
    [[1, 0]],
  );
  journal.taken();
  journal.flush();
  assert.deepEqual([batches[1]!.records.length, batches[1]!.dropped], [5_000, 10]);
  // The end of a worker waits for nothing.
  journal.add(record);
  journal.sendRest();
  assert.equal(batches[2]!.records.length, 1);
  fake.close();
});
