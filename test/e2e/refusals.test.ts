/**
 * What the router refuses, seen by the client that is refused: the status, a JSON error, and an
 * answer that can be read although nobody read the rest of the request (PROTOCOL §1).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type HttpRig, rawRequest, request, startHttpRig } from '../fakes/http-rig.ts';
import { connectRaw, fieldOf } from '../fakes/raw-client.ts';

const MAX_BODY_BYTES = 100_000;

let rig: HttpRig;

before(async () => {
  rig = await startHttpRig({ server: { max_body_bytes: MAX_BODY_BYTES } });
});
after(() => rig?.close());
beforeEach(() => rig.engine.forget());

interface ErrorBody {
  readonly error: { readonly type: string; readonly code: string; readonly message: string };
}

/** Asks, and expects a closing JSON error that the engine never heard of. */
async function refused(text: string | Uint8Array, status: number): Promise<ErrorBody['error']> {
  const shown = JSON.stringify(Buffer.from(text as Uint8Array).toString('latin1', 0, 120));
  const answer = await rig.ask(text);
  assert.equal(answer.status, status, shown);
  assert.equal(fieldOf(answer, 'connection'), 'close', shown);
  assert.equal(fieldOf(answer, 'content-type'), 'application/json');
  assert.ok(answer.complete, shown);
  const { error } = JSON.parse(answer.body.toString()) as ErrorBody;
  assert.ok(error.message.length > 10);
  assert.equal(rig.engine.requests.length, 0, shown);
  return error;
}

const LENGTH = 'Content-Length: 13\r\n';
const SHORT = '{"model":"m"}';
const CHUNKS = `d\r\n${SHORT}\r\n0\r\n\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Shapes on which two readers could disagree about where a message ends. */
const SMUGGLING: readonly (readonly [name: string, text: string])[] = [
  ['both framings', rawRequest(LENGTH + CHUNKED, CHUNKS)],
  ['both framings, turned round', rawRequest(CHUNKED + LENGTH, CHUNKS)],
  ['two lengths', rawRequest(`${LENGTH}Content-Length: 5\r\n`, SHORT)],
  ['the same length twice', rawRequest(LENGTH + LENGTH, SHORT)],
  ['a list of lengths', rawRequest('Content-Length: 13, 13\r\n', SHORT)],
  ['a signed length', rawRequest('Content-Length: +13\r\n', SHORT)],
  ['a hexadecimal length', rawRequest('Content-Length: 0xd\r\n', SHORT)],
  ['a length with a zero before', rawRequest('Content-Length: 013\r\n', SHORT)],
  ['an empty length', rawRequest('Content-Length:\r\n', SHORT)],
  ['a length beyond 2^53', rawRequest('Content-Length: 9007199254740993\r\n', SHORT)],
  ['a space before the colon', rawRequest('Content-Length : 13\r\n', SHORT)],
  ['a tab before the colon', rawRequest('Transfer-Encoding\t: chunked\r\n', CHUNKS)],
  ['a folded line', rawRequest(`X-A: b\r\n ${CHUNKED}${LENGTH}`, SHORT)],
  ['two codings', rawRequest(`${CHUNKED}Transfer-Encoding: identity\r\n`, CHUNKS)],
  ['chunked twice', rawRequest('Transfer-Encoding: chunked, chunked\r\n', CHUNKS)],
  ['chunked not last', rawRequest('Transfer-Encoding: chunked, gzip\r\n', CHUNKS)],
  ['a quoted coding', rawRequest('Transfer-Encoding: "chunked"\r\n', CHUNKS)],
  ['a coding with a parameter', rawRequest('Transfer-Encoding: chunked;q=1\r\n', CHUNKS)],
  ['a coding behind a vertical tab', rawRequest('Transfer-Encoding: \x0bchunked\r\n', CHUNKS)],
  ['a bare LF', rawRequest('X-A: b\nContent-Length: 13\r\n', SHORT)],
  ['a bare CR', rawRequest('X-A: b\rX-C: d\r\nContent-Length: 13\r\n', SHORT)],
  ['a NUL in a value', rawRequest(`X-A: \0\r\n${LENGTH}`, SHORT)],
  ['no Host', `POST /v1/chat/completions HTTP/1.1\r\n${LENGTH}\r\n${SHORT}`],
  ['two Hosts', rawRequest(`Host: other\r\n${LENGTH}`, SHORT)],
  ['a chunk size with a sign', rawRequest(CHUNKED, `+d\r\n${SHORT}\r\n0\r\n\r\n`)],
  ['a chunk size with a prefix', rawRequest(CHUNKED, `0xd\r\n${SHORT}\r\n0\r\n\r\n`)],
  ['a chunk line ended by LF', rawRequest(CHUNKED, `d\n${SHORT}\r\n0\r\n\r\n`)],
  ['chunk data without its end', rawRequest(CHUNKED, `d\r\n${SHORT}XX0\r\n\r\n`)],
  ['a chunk size beyond 2^53', rawRequest(CHUNKED, `20000000000000\r\n${SHORT}`)],
];

for (const [name, text] of SMUGGLING) {
  test(`refuses ${name} with 400 and ends the connection`, async () => {
    const error = await refused(Buffer.from(text, 'latin1'), 400);
    assert.equal(error.code, 'malformed_request');
  });
}

test('a coding in HTTP/1.0 and an unknown coding are refused', async () => {
  await refused(rawRequest(CHUNKED, CHUNKS).replace('HTTP/1.1', 'HTTP/1.0'), 400);
  await refused(rawRequest('Transfer-Encoding: gzip, chunked\r\n', CHUNKS), 501);
});

test('nothing behind a refused request is carried', async () => {
  const smuggled = request({ path: '/v1/chat/completions' });
  const client = await connectRaw(rig.port);
  client.send(rawRequest(LENGTH + CHUNKED, `0\r\n\r\n${smuggled}${smuggled}`));
  assert.equal(await client.ended(), 'fin');
  assert.equal(client.text().match(/HTTP\/1\.1 /g)!.length, 1);
  assert.equal(rig.engine.requests.length, 0);
  client.abort();
});

test('the answer can be read although half a megabyte of the request comes behind it', async () => {
  const rest = Buffer.alloc(64 * 1024, 'x');
  const client = await connectRaw(rig.port);
  client.send(rawRequest(LENGTH + LENGTH, ''));
  await client.sendPieces(Array.from({ length: 8 }, () => rest));
  assert.equal(await client.ended(), 'fin');
  assert.match(client.text(), /^HTTP\/1\.1 400 [\s\S]*"code":"malformed_request"\}\}$/);
  client.abort();
});

test('a body that is declared too large is refused before it is sent', async () => {
  const fields = `Content-Length: ${MAX_BODY_BYTES + 1}\r\n`;
  const error = await refused(rawRequest(fields, ''), 413);
  assert.equal(error.code, 'body_too_large');
  assert.match(error.message, /100000/);
  const expecting = await rig.ask(rawRequest(`${fields}Expect: 100-continue\r\n`, ''));
  assert.equal(expecting.status, 413);
});

test('a body without a declared length is refused when it has grown too large', async () => {
  const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
  await refused(rawRequest(CHUNKED, piece.repeat(4)), 413);
});

test('a body of exactly the limit is carried', async () => {
  const filler = 'x'.repeat(MAX_BODY_BYTES - '{"model":"m","a":""}'.length);
  const { answer, seen } = await rig.askAndSee(request({ body: `{"model":"m","a":"${filler}"}` }));
  assert.equal(answer.status, 200);
  assert.equal(seen.body.length, MAX_BODY_BYTES);
});

test('too large a header is refused with 431, too long a target with 414', async () => {
  assert.equal(
    (await refused(request({ fields: `X-Big: ${'x'.repeat(40_000)}\r\n` }), 431)).code,
    'headers_too_large',
  );
  await refused(request({ fields: 'X-Many: 1\r\n'.repeat(200) }), 431);
  await refused(request({ path: `/v1/chat/completions?q=${'x'.repeat(9000)}` }), 414);
});

test('a compressed body is refused with 415, an unknown expectation with 417', async () => {
  const gzip = await refused(request({ fields: 'Content-Encoding: gzip\r\n' }), 415);
  assert.match(gzip.message, /gzip/);
  const plain = await rig.ask(request({ fields: 'Content-Encoding: identity\r\n' }));
  assert.equal(plain.status, 200);
  rig.engine.forget();
  await refused(request({ fields: 'Expect: 200-ok\r\n' }), 417);
});

test('other versions are refused with 505', async () => {
  for (const version of ['2.0', '1.2', '0.9']) await refused(request({ version }), 505);
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  await refused(preface, 505);
});

test('a wrong method is refused with 405 and told the right one', async () => {
  const cases = [
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/embeddings', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['PUT', '/v1/models/m', 'GET, HEAD'],
    ['BREW', '/v1/rerank', 'POST'],
  ] as const;
  for (const [method, path, allow] of cases) {
    const answer = await rig.ask(request({ method, path }));
    assert.equal(answer.status, 405, `${method} ${path}`);
    assert.equal(fieldOf(answer, 'allow'), allow);
    assert.equal(
      (JSON.parse(answer.body.toString()) as ErrorBody).error.code,
      'method_not_allowed',
    );
  }
});

test('a refusal that leaves the framing clear keeps the connection', async () => {
  const client = await connectRaw(rig.port);
  for (const [method, path, status] of [
    ['GET', '/v1/chat/completions', 405],
    ['GET', '/nowhere', 404],
    ['GET', '/health', 200],
  ] as const) {
    client.send(request({ method, path, close: false }));
    assert.equal((await client.answer()).status, status);
  }
  client.abort();
});

test('targets that are no plain path are refused', async () => {
  for (const path of ['http://router.test/health', 'health', '*', '/a#b', '/a\\b', '/h\x7f']) {
    await refused(Buffer.from(request({ method: 'GET', path }), 'latin1'), 400);
  }
  await refused('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 400);
});
