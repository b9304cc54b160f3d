/**
 * Answers of engines as they may be: large heads, any bytes, redirects, compression; and as they
 * must not be: broken framing is answered 502, and no byte that an engine sends too much or too
 * early ever reaches the next client (PROTOCOL §1, RFC 9112 §9.2).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type HttpRig, request, startHttpRig } from '../fakes/http-rig.ts';
import { type Answer, connectRaw, fieldOf, valuesOf } from '../fakes/raw-client.ts';
import { jsonAnswer } from '../fakes/raw-engine.ts';
import { until } from '../fakes/until.ts';

let rig: HttpRig;

before(async () => {
  rig = await startHttpRig({ routing: { num_retries: 0 }, retry: { failure_threshold: 1000 } });
});
after(() => rig?.close());

function answered(...parts: readonly (string | Uint8Array)[]): Promise<Answer> {
  rig.engine.script = ({ send }) => {
    for (const part of parts) send(part);
  };
  return rig.ask(request());
}

test('a body of all bytes passes as it came', async () => {
  const body = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) & 0xff));
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n';
  const answer = await answered(`${head}Content-Length: 4096\r\n\r\n`, body);
  assert.ok(answer.body.equals(body));
});

test('a compressed answer, and a compressed stream, pass as they came', async () => {
  const zipped = gzipSync('data: {"choices":[]}\n\n');
  for (const type of ['application/json', 'text/event-stream']) {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Encoding: gzip\r\n`;
    const answer = await answered(`${head}Content-Length: ${zipped.length}\r\n\r\n`, zipped);
    assert.ok(answer.body.equals(zipped));
    assert.equal(fieldOf(answer, 'content-encoding'), 'gzip');
  }
});

test('a redirect is passed on and not followed', async () => {
  const location = `Location: ${rig.engine.url}/v1/chat/completions\r\n`;
  rig.engine.forget();
  const answer = await answered(jsonAnswer({}, location, '307 Temporary Redirect'));
  assert.equal(answer.status, 307);
  assert.equal(`Location: ${fieldOf(answer, 'location')}\r\n`, location);
  assert.equal(rig.engine.requests.length, 1);
});

test('errors of an engine pass with their status, fields and body', async () => {
  for (const status of ['400 Bad', '401 No', '404 Gone', '422 Odd', '418 Teapot']) {
    const answer = await answered(jsonAnswer({ error: { code: status } }, 'X-A: 1\r\n', status));
    assert.equal(answer.statusLine, `HTTP/1.1 ${status}`);
    assert.equal(answer.body.toString(), `{"error":{"code":"${status}"}}`);
    assert.equal(fieldOf(answer, 'x-a'), '1');
  }
});

test('heads near their limit pass in both directions', async () => {
  const value = 'v'.repeat(14_000);
  const lines = Array.from({ length: 100 }, (_, at) => `X-N${at}: ${at}\r\n`).join('');
  const fields = `X-A: ${value}\r\nX-B: ${value}\r\n${lines}`;
  rig.engine.script = ({ send }) => send(jsonAnswer({}, fields));
  const { answer, seen } = await rig.askAndSee(request({ fields }));
  for (const found of [answer.fields, seen.fields]) {
    assert.equal(found.filter(([, text]) => text === value).length, 2);
    assert.equal(found.filter(([name]) => /^x-n\d+$/.test(name)).length, 100);
  }
});

test('a body of many megabytes passes whole in both directions', async () => {
  const text = 'é"\\'.repeat(1_000_000);
  const body = JSON.stringify({ messages: [text], model: 'alias' });
  rig.engine.script = ({ send, request: { body: seen } }) => send(jsonAnswer(seen.toString()));
  const { answer, seen } = await rig.askAndSee(request({ body }));
  assert.equal(answer.status, 200);
  assert.deepEqual((JSON.parse(seen.body.toString()) as { messages: string[] }).messages, [text]);
  assert.ok(answer.body.equals(seen.body));
});

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
/** Answers whose end two readers could see in different places, or that are no HTTP at all. */
const BROKEN: readonly (readonly [name: string, text: string])[] = [
  [
    'both framings',
    `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ],
  ['two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['a bad length', `${HEAD}Content-Length: 2x\r\n\r\n{}`],
  ['an unknown coding', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
  ['a bad chunk size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'],
  ['a folded line', `${HEAD}X-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
  ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
];

for (const [name, text] of BROKEN) {
  test(`an answer with ${name} becomes 502 and its connection is closed`, async () => {
    rig.engine.forget();
    const answer = await answered(text);
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(answer.body.toString()).error.code, 'malformed_response');
    assert.equal(valuesOf(answer, 'content-length').length, 1);
    const [seen] = rig.engine.requests;
    await until('its connection is closed', () => seen!.closedAtMs > 0);
  });
}

test('an engine that closes before or inside its head is 502', async () => {
  for (const [part, code] of [
    ['', 'upstream_closed'],
    ['HTTP/1.1 200 OK\r\nContent-', 'upstream_disconnected'],
  ] as const) {
    rig.engine.script = ({ send, end }) => {
      if (part !== '') send(part);
      end();
    };
    const answer = await rig.ask(request());
    assert.equal(answer.status, 502);
    assert.equal(JSON.parse(answer.body.toString()).error.code, code);
  }
});

test('half an answer ends the connection of the client, too', async () => {
  let die: () => void = () => {};
  rig.engine.script = ({ send, end }) => {
    send(`${HEAD}Content-Length: 20\r\n\r\n{"half":`);
    die = end;
  };
  const client = await connectRaw(rig.port);
  client.send(request({ close: false }));
  await client.untilText('{"half":');
  die();
  await client.ended();
  assert.ok(client.text().endsWith('{"half":'), client.text());
  client.abort();
});

/**
 * Two requests on one client connection, and the engine's connections they went over. Bytes that
 * come with the second request could not be told from its answer, so where the router should close
 * the first one's connection it is waited for.
 */
async function twoRequests(closes: boolean): Promise<{ answers: Answer[]; connections: number[] }> {
  rig.engine.forget();
  const client = await connectRaw(rig.port);
  const answers: Answer[] = [];
  for (let turn = 0; turn < 2; turn++) {
    client.send(request({ close: false }));
    answers.push(await client.answer());
    const [first] = rig.engine.requests;
    if (closes) await until('its connection is closed', () => first!.closedAtMs > 0);
  }
  client.abort();
  return { answers, connections: rig.engine.requests.map(({ connection }) => connection) };
}

test('a connection is reused when its answer was whole', async () => {
  rig.engine.script = ({ send }) => send(jsonAnswer({}));
  const { connections } = await twoRequests(false);
  assert.equal(connections[0], connections[1]);
});

test('a second answer that nobody asked for goes to nobody', async () => {
  const evil = jsonAnswer({ evil: true });
  rig.engine.script = ({ send, index }) => send(jsonAnswer({ n: index }) + evil);
  const { answers, connections } = await twoRequests(true);
  assert.deepEqual(
    answers.map(({ body }) => body.toString()),
    ['{"n":0}', '{"n":1}'],
  );
  assert.notEqual(connections[0], connections[1]);
});

test('bytes on an idle connection close it', async () => {
  rig.engine.script = async ({ send, delay, index }) => {
    send(jsonAnswer({ n: index }));
    await delay(5);
    send(jsonAnswer({ evil: true }));
  };
  const { answers, connections } = await twoRequests(true);
  assert.equal(answers[1]!.body.toString(), '{"n":1}');
  assert.notEqual(connections[0], connections[1]);
});

test('an engine that asks to close is not asked again on that connection', async () => {
  for (const fields of ['Connection: close\r\n', 'Connection: Close, x\r\n']) {
    rig.engine.script = ({ send }) => send(jsonAnswer({}, fields));
    const { connections } = await twoRequests(true);
    assert.notEqual(connections[0], connections[1]);
  }
  rig.engine.script = ({ send }) => send(jsonAnswer({}).replace('HTTP/1.1', 'HTTP/1.0'));
  const { connections } = await twoRequests(true);
  assert.notEqual(connections[0], connections[1]);
});
