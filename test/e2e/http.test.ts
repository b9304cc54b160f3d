/**
 * What the router does to an HTTP/1.1 message that it carries: paths, fields, names, versions and
 * order, seen from a bare socket on both sides (RFC 9110 §7, RFC 9112 §9).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  type HttpRig,
  KEY,
  rawRequest,
  request,
  startHttpRig,
  UPSTREAM_NAME,
} from '../fakes/http-rig.ts';
import { connectRaw, fieldOf, valuesOf } from '../fakes/raw-client.ts';
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD } from '../fakes/raw-engine.ts';

let rig: HttpRig;

before(async () => {
  rig = await startHttpRig();
});
after(() => rig?.close());
beforeEach(() => {
  rig.engine.script = ({ send }) => send(jsonAnswer({ ok: true }));
});

function fieldsNamed(fields: readonly (readonly [string, string])[], name: string): string[] {
  return fields.filter(([key]) => key === name).map(([, value]) => value);
}

test('every spelling of a path reaches the one route of the engine', async () => {
  const spellings = ['/v1/chat', '/chat', '//v1/chat', '/v1//chat', '//chat', '//v1//chat'];
  for (const spelling of spellings) {
    const { answer, seen } = await rig.askAndSee(request({ path: `${spelling}/completions` }));
    assert.equal(answer.status, 200, spelling);
    assert.match(seen.head, /^POST \/v1\/chat\/completions HTTP\/1\.1\r\n/, spelling);
  }
  assert.equal((await rig.ask(request({ path: '/v2/chat/completions' }))).status, 404);
  assert.equal((await rig.ask(request({ path: '/v1/chat/completions/' }))).status, 404);
});

test('the query goes up as it came', async () => {
  const query = '?api-version=2024-10-21&x=%20%2Fy&&z';
  const { seen } = await rig.askAndSee(request({ path: `/v1/chat/completions${query}` }));
  assert.ok(seen.head.startsWith(`POST /v1/chat/completions${query} HTTP/1.1\r\n`), seen.head);
});

test('unknown request fields pass, in order, with their spelling and bytes', async () => {
  const own = 'X-B: 2\r\nx-a:  1 \r\nX-B: 3;q="\xe9"\r\nOpenAI-Beta: assistants=v2\r\n';
  const sent = Buffer.from(request({ fields: own }), 'latin1');
  const { seen } = await rig.askAndSee(sent);
  const found = seen.head.split('\r\n').filter((line) => /^(x-[ab]|openai)/i.test(line));
  assert.deepEqual(found, ['X-B: 2', 'x-a:  1 ', 'X-B: 3;q="\xe9"', 'OpenAI-Beta: assistants=v2']);
});

test('fields of one hop stay on that hop, in both directions', async () => {
  rig.engine.script = ({ send }) =>
    send(
      jsonAnswer({}, 'Connection: x-priv, keep-alive\r\nX-Priv: 1\r\nKeep-Alive: timeout=9\r\n'),
    );
  const hop = [
    'Connection: X-Hop, Host, X-Request-Id',
    'X-Hop: 1',
    'X-Request-Id: kept',
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Upgrade: h2c',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic eDp5',
  ];
  const fields = `${hop.join('\r\n')}\r\n`;
  const { answer, seen } = await rig.askAndSee(request({ fields }));
  const names = seen.fields.map(([name]) => name);
  const gone = /^(connection|x-hop|keep-alive|te|upgrade|proxy-connection|proxy-authorization)$/;
  assert.deepEqual(
    names.filter((name) => gone.test(name)),
    [],
  );
  assert.equal(names.filter((name) => name === 'host').length, 1);
  assert.deepEqual(fieldsNamed(seen.fields, 'x-request-id'), ['kept']);
  assert.equal(fieldOf(answer, 'x-priv'), '');
  assert.equal(fieldOf(answer, 'keep-alive'), '');
  assert.equal(fieldOf(answer, 'connection'), 'close');
});

test('answer fields pass, unknown and repeated ones included', async () => {
  const own = 'Set-Cookie: a=1\r\nX-Odd: \xfc\r\nSet-Cookie: b=2; Path=/\r\nServer: vllm\r\n';
  rig.engine.script = ({ send }) =>
    send(Buffer.from(jsonAnswer({}, own, '200 All Right'), 'latin1'));
  const answer = await rig.ask(request());
  assert.equal(answer.statusLine, 'HTTP/1.1 200 All Right');
  assert.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1', 'b=2; Path=/']);
  assert.equal(fieldOf(answer, 'x-odd'), '\xfc');
  assert.equal(fieldOf(answer, 'server'), 'vllm');
});

test('an endpoint with a key gets its key and none of the client', async () => {
  const secrets =
    'Authorization: Bearer mine\r\nX-Api-Key: mine\r\nApi-Key: mine\r\nCookie: a=mine\r\n';
  const body = '{"model":"keyed"}';
  const { seen } = await rig.askAndSee(request({ fields: secrets, body }));
  assert.deepEqual(fieldsNamed(seen.fields, 'authorization'), [`Bearer ${KEY}`]);
  assert.doesNotMatch(seen.head, /mine/);
});

test('an endpoint without a key gets the Authorization of the client, and no other', async () => {
  const secrets = 'Cookie: c\r\nAuthorization: Bearer mine\r\nX-Api-Key: k\r\n';
  const { seen } = await rig.askAndSee(request({ fields: secrets }));
  assert.deepEqual(fieldsNamed(seen.fields, 'authorization'), ['Bearer mine']);
  assert.doesNotMatch(seen.head, /cookie|api-key/i);
});

test('Host and X-Forwarded fields tell the truth, whatever the client says', async () => {
  const lies = 'X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nForwarded: for=evil\r\n';
  const { seen } = await rig.askAndSee(request({ fields: lies }));
  assert.deepEqual(fieldsNamed(seen.fields, 'host'), [`127.0.0.1:${rig.engine.port}`]);
  assert.deepEqual(fieldsNamed(seen.fields, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(fieldsNamed(seen.fields, 'x-forwarded-host'), ['router.test']);
  assert.deepEqual(fieldsNamed(seen.fields, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(fieldsNamed(seen.fields, 'forwarded'), []);
});

test('a plain X-Request-Id is kept, any other replaced; the client hears which', async () => {
  const long = 'a'.repeat(129);
  for (const [given, kept] of [
    ['abc-1.2_3', true],
    ['has space', false],
    ['<script>', false],
    [long, false],
    ['', false],
  ] as const) {
    const fields = given === '' ? '' : `X-Request-Id: ${given}\r\n`;
    const { answer, seen } = await rig.askAndSee(request({ fields }));
    const id = fieldOf(answer, 'x-request-id');
    assert.match(id, /^[A-Za-z0-9._-]{1,128}$/);
    assert.deepEqual(fieldsNamed(seen.fields, 'x-request-id'), [id]);
    assert.equal(id === given, kept, given);
  }
});

test("an endpoint's own X-Request-Id does not replace the client's", async () => {
  rig.engine.script = ({ send }) => send(jsonAnswer({}, 'X-Request-Id: engine\r\n'));
  const answer = await rig.ask(request({ fields: 'X-Request-Id: client\r\n' }));
  assert.deepEqual(valuesOf(answer, 'x-request-id'), ['client']);
});

test('what the router answers itself carries the id of the request too', async () => {
  const fields = 'X-Request-Id: mine\r\n';
  for (const text of [
    request({ fields, body: '{"model":"ghost"}' }),
    request({ fields, method: 'GET' }),
    request({ fields, path: '/nowhere' }),
    request({ fields: `${fields}Content-Encoding: br\r\n` }),
    request({ fields, method: 'GET', path: '/v1/models?limit=1' }),
  ]) {
    assert.deepEqual(valuesOf(await rig.ask(text), 'x-request-id'), ['mine'], text);
  }
  const made = await rig.ask(request({ path: '/nowhere' }));
  assert.match(fieldOf(made, 'x-request-id'), /^[A-Za-z0-9._-]{8,128}$/);
});

test('Expect: 100-continue is answered before the body is sent, and stays here', async () => {
  const whole = request({ fields: 'Expect: 100-continue\r\n' });
  const head = whole.slice(0, whole.indexOf('\r\n\r\n') + 4);
  rig.engine.forget();
  const client = await connectRaw(rig.port);
  client.send(head);
  await client.untilText('\r\n\r\n');
  assert.equal(client.text(), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send(whole.slice(head.length));
  assert.equal((await client.answer()).status, 200);
  assert.doesNotMatch(rig.engine.requests[0]!.head, /expect/i);
  client.abort();
});

test('interim answers of an engine do not pass for the answer', async () => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
  rig.engine.script = ({ send }) =>
    send(`HTTP/1.1 100 Continue\r\n\r\n${early}${jsonAnswer('"x"')}`);
  const answer = await rig.ask(request());
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), '"x"');
});

test('pipelined requests are carried one after the other and answered in order', async () => {
  rig.engine.forget();
  rig.engine.script = async ({ send, delay, request: seen }) => {
    const name = JSON.parse(seen.body.toString()).n as number;
    await delay(name === 1 ? 40 : 0);
    send(jsonAnswer({ n: name }));
  };
  const client = await connectRaw(rig.port);
  const parts = [1, 2, 3].map((n) => request({ body: `{"model":"m","n":${n}}`, close: n === 3 }));
  client.send(parts.join(''));
  for (const n of [1, 2, 3]) {
    assert.equal((await client.answer()).body.toString(), `{"n":${n}}`);
  }
  const [first, second] = rig.engine.requests;
  assert.ok(second!.atMs - first!.atMs > 35, 'the second waits for the first');
  assert.equal(await client.ended(), 'fin');
  client.abort();
});

test('own routes, errors and carried requests share one connection', async () => {
  const client = await connectRaw(rig.port);
  const pieces = [
    [request({ method: 'GET', path: '/health', close: false }), 200],
    [request({ body: '{"model":"ghost"}', close: false }), 404],
    [request({ close: false }), 200],
    [request({ body: '{}', close: false }), 400],
    [request({ method: 'GET', path: '/nowhere', close: false }), 404],
    [request({ method: 'GET', path: '/v1/models', close: false }), 200],
    [request({ close: true }), 200],
  ] as const;
  for (const [text, status] of pieces) {
    client.send(text);
    assert.equal((await client.answer()).status, status);
  }
  assert.equal(await client.ended(), 'fin');
  client.abort();
});

test('an HTTP/1.0 client gets a stream without chunked coding, ended by closing', async () => {
  rig.engine.script = ({ send }) => {
    send(STREAM_HEAD);
    send(chunk('data: {"choices":[{"delta":{"content":"a"}}]}\n\n'));
    send(chunk('data: [DONE]\n\n'));
    send(LAST_CHUNK);
  };
  const answer = await rig.ask(request({ version: '1.0', close: false }));
  assert.equal(fieldOf(answer, 'transfer-encoding'), '');
  assert.equal(fieldOf(answer, 'connection'), 'close');
  assert.match(answer.body.toString(), /^data: \{.*\n\ndata: \[DONE\]\n\n$/);
});

test('an HTTP/1.0 client may keep its connection when the length is known', async () => {
  const client = await connectRaw(rig.port);
  for (let turn = 0; turn < 2; turn++) {
    client.send(request({ version: '1.0', close: false, fields: 'Connection: keep-alive\r\n' }));
    const answer = await client.answer();
    assert.equal(fieldOf(answer, 'connection'), 'keep-alive');
    assert.equal(fieldOf(answer, 'content-length'), '11');
  }
  client.abort();
});

test('HEAD gets the head of GET and no body', async () => {
  for (const path of ['/health', '/ready', '/v1/models']) {
    const client = await connectRaw(rig.port);
    client.send(request({ method: 'HEAD', path }));
    await client.ended();
    const text = client.text();
    const full = await rig.ask(request({ method: 'GET', path }));
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(text.endsWith('\r\n\r\n'), text);
    assert.match(text, new RegExp(`\r\nContent-Length: ${full.body.length}\r\n`));
    client.abort();
  }
});

test('204 has neither body nor framing', async () => {
  rig.engine.script = ({ send }) => send('HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n');
  const client = await connectRaw(rig.port);
  for (let turn = 0; turn < 2; turn++) {
    client.send(request({ close: false }));
    const answer = await client.answer();
    assert.equal(answer.status, 204);
    assert.equal(fieldOf(answer, 'content-length'), '');
    assert.equal(fieldOf(answer, 'transfer-encoding'), '');
    assert.equal(fieldOf(answer, 'x-a'), '1');
  }
  client.abort();
});

test('an alias changes the bytes of the name and nothing else', async () => {
  const upstream = JSON.stringify(UPSTREAM_NAME);
  const rest =
    ' ,\n "messages":[{"content":"\\"model\\":\\"alias\\" é 東"}], "x":{"model":"alias"}}';
  for (const name of ['"alias"', '"\\u0061lias"', '"a\\u006Cias"']) {
    const body = `{ "a":"model", "model" :  ${name}${rest}`;
    const { answer, seen } = await rig.askAndSee(request({ body }));
    assert.equal(answer.status, 200);
    assert.equal(seen.body.toString(), `{ "a":"model", "model" :  ${upstream}${rest}`);
  }
});

test('without an alias the body passes as it came, whatever it is beside the name', async () => {
  const body = '\t{"model":"m"  ,"a":1.0e+2,"a":-0, "u":"\\uD83D\\uDE00\\/" }\r\n';
  const { seen } = await rig.askAndSee(request({ body }));
  assert.equal(seen.body.toString(), body);
});

test('of several model keys the last counts, as in JSON.parse, and is renamed', async () => {
  const body = '{"model":"ghost","x":1,"model":"alias"}';
  const { answer, seen } = await rig.askAndSee(request({ body }));
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(seen.body.toString()).model, UPSTREAM_NAME);
  assert.ok(seen.body.toString().startsWith('{"model":"ghost","x":1,"model":'));
  assert.equal((await rig.ask(request({ body: '{"model":"m","model":"ghost"}' }))).status, 404);
});

test('a chunked request body goes up whole, with its length, without its trailers', async () => {
  const pieces = '3;ext="a;b"\r\n{"m\r\n10\r\nodel":"m","a":12\r\n1\r\n}\r\n';
  const end = '0\r\nX-Trailer: t\r\n\r\n';
  const text = rawRequest('Transfer-Encoding: chunked\r\nConnection: close\r\n', pieces + end);
  const { answer, seen } = await rig.askAndSee(text);
  assert.equal(answer.status, 200);
  assert.equal(seen.body.toString(), '{"model":"m","a":12}');
  assert.deepEqual(fieldsNamed(seen.fields, 'content-length'), ['20']);
  assert.doesNotMatch(seen.head, /transfer-encoding|trailer/i);
});
