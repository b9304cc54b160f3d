/** Who is served when clients need keys, and what of their keys goes where. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { field, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane } from '../../test/fakes/plane.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { ENDINGS, OWN_KEYS } from '../state/meters.ts';
import { Journal } from './journal.ts';

const BODY = '{"model":"m"}';
const KEYS = ['alice:sk-alice', 'bob:sk-bob'].map((pair) => {
  const [name, key] = pair.split(':');
  const digest = createHash('sha256').update(key!).digest('base64');
  return { name: name!, place: name === 'bob' ? 1 : 0, priority: -1, digest };
});

function setUp(apiKey = '') {
  const records: RequestRecord[] = [];
  let journal!: Journal;
  const fake = new FakePlane({
    endpoints: [endpoint(0, { apiKey })],
    options: { clientKeys: KEYS },
    journal(clock) {
      journal = new Journal(clock, false, (batch) => records.push(...batch));
      return journal;
    },
  });
  const last = (): RequestRecord => {
    journal.sendRest();
    return records.at(-1)!;
  };
  return { fake, last };
}

function ask(path: string, fields: string, body = BODY): string {
  const length = `Content-Length: ${body.length}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: r\r\n${fields}${length}\r\n${body}`;
}

const CHAT = '/v1/chat/completions';

test('serves whoever shows a key, in the field of any dialect', () => {
  const fields = [
    ['Authorization: Bearer sk-alice\r\n', 'alice'],
    ['authorization: bearer  sk-bob\r\n', 'bob'],
    ['x-api-key: sk-bob\r\n', 'bob'],
    ['Api-Key: sk-alice\r\n', 'alice'],
    ['Authorization: Bearer of-the-engine\r\nx-api-key: sk-bob\r\n', 'bob'],
  ] as const;
  for (const [given, name] of fields) {
    const { fake, last } = setUp();
    fake.client(ask(CHAT, given));
    fake.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal(last().key, name, given);
    const cell = OWN_KEYS + (name === 'bob' ? 1 : 0) * ENDINGS.length;
    assert.equal(fake.meters.own[cell], 1, given);
    fake.close();
  }
});

test('refuses without a key or with another, in the dialect of the route', () => {
  const wrong = [
    '',
    'Authorization: Bearer sk-alic\r\n',
    'x-api-key: sk-alice2\r\n',
    'Cookie: sk-bob\r\n',
  ];
  for (const given of wrong) {
    const { fake, last } = setUp();
    const reply = readAnswer(fake.client(ask(CHAT, given)).received);
    assert.equal(reply.status, 401, given);
    assert.equal(JSON.parse(reply.body).error.code, 'invalid_api_key');
    assert.equal(field(reply, 'www-authenticate'), 'Bearer');
    assert.equal(fake.net.upstream.length, 0);
    assert.deepEqual([last().key, last().outcome], ['', 'refused']);
    fake.close();
  }
  const { fake } = setUp();
  const { status, body } = readAnswer(fake.client(ask('/v1/messages', '')).received);
  assert.deepEqual([status, JSON.parse(body).error.type], [401, 'authentication_error']);
  fake.close();
});

test('refuses before the body is read', () => {
  const { fake } = setUp();
  const head = `POST ${CHAT} HTTP/1.1\r\nHost: r\r\nContent-Length: 60000000\r\n\r\n`;
  const client = fake.client(head);
  assert.equal(readAnswer(client.received).status, 401);
  assert.match(client.received, /Connection: close/);
  fake.close();
});

test('guards the list of models, and leaves the health routes open', () => {
  const { fake } = setUp();
  const get = (path: string, fields = '') =>
    readAnswer(fake.client(`GET ${path} HTTP/1.1\r\nHost: r\r\n${fields}\r\n`).received).status;
  assert.deepEqual(
    ['/v1/models', '/v1/models/m', '/health', '/ready'].map((path) => get(path)),
    [401, 401, 200, 200],
  );
  assert.equal(get('/v1/models', 'Authorization: Bearer sk-bob\r\n'), 200);
  fake.close();
});

test('passes no key of ours on, but a key of the client for the engine', () => {
  const sent = (fields: string, apiKey = '') => {
    const { fake } = setUp(apiKey);
    fake.client(ask(CHAT, fields));
    const text = fake.connect().received;
    fake.close();
    return /^authorization: (.*)\r$/im.exec(text)?.[1];
  };
  assert.equal(sent('Authorization: Bearer sk-alice\r\n'), undefined);
  assert.equal(sent('x-api-key: sk-alice\r\n'), undefined);
  assert.equal(sent('Authorization: Bearer own\r\nx-api-key: sk-alice\r\n'), 'Bearer own');
  assert.equal(sent('Authorization: Bearer sk-alice\r\n', 'engine'), 'Bearer engine');
});

test('one request does not vouch for the next on its connection', () => {
  const { fake, last } = setUp();
  const client = fake.client(ask(CHAT, 'x-api-key: sk-alice\r\n'));
  fake.connect().deliver('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  client.deliver(Buffer.from(ask(CHAT, '')));
  assert.match(client.received, /401 Unauthorized/);
  assert.equal(last().key, '');
  fake.close();
});
