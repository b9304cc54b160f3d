import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { answer, post, readAnswer } from '../../test/fakes/http-text.ts';
import { endpoint, FakePlane, own as settings } from '../../test/fakes/plane.ts';

const planes: FakePlane[] = [];
const ALIASED = [endpoint(0, { upstreamModel: 'org/Real "Name"-7B é' })];
const REAL = JSON.stringify('org/Real "Name"-7B é');

afterEach(() => {
  for (const plane of planes.splice(0)) plane.close();
});

/** What the endpoint gets when the client's body comes in these parts. */
function sent(parts: readonly string[], endpoints = ALIASED, fields = ''): string {
  const plane = new FakePlane({ endpoints });
  planes.push(plane);
  const body = parts.join('');
  const client = plane.client(post({ body, fields }).slice(0, -body.length));
  for (const part of parts) client.deliver(part);
  plane.connect();
  const { received } = plane.upstream;
  plane.upstream.deliver(answer(200, 'ok'));
  assert.equal(readAnswer(client.received).status, 200);
  plane.assertQuiet();
  return received;
}

function bodyOf(request: string): string {
  const at = request.indexOf('\r\n\r\n');
  const body = request.slice(at + 4);
  const length = /\r\nContent-Length: (\d+)(\r\n|$)/.exec(request.slice(0, at))![1];
  assert.equal(Number(length), body.length, 'the length is that of the body');
  return body;
}

/** UTF-8 as one character a byte. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

describe('a request to an endpoint', () => {
  it('passes the body on as it came when the endpoint knows the model by its name', () => {
    const body = ' {"x": 1.50, "model" : "m", "y":"\\u00e9"}\n';
    assert.equal(bodyOf(sent([body], [endpoint(0)])), body);
  });

  it('replaces the model at every split, and nothing else', () => {
    const body = '{"a":"model","model" : "m","b":"m"}';
    const expected = body.replace('"model" : "m"', `"model" : ${bytes(REAL)}`);
    for (let cut = 0; cut <= body.length; cut++) {
      assert.equal(bodyOf(sent([body.slice(0, cut), body.slice(cut)])), expected, `cut at ${cut}`);
    }
    assert.equal(bodyOf(sent([...body])), expected, 'byte by byte');
  });

  it('replaces the model in bodies that are written in several pieces', () => {
    const long = 'y'.repeat(50_000);
    for (const body of [
      `{"model":"m","pad":"${long}"}`,
      `{"pad":"${long}","model":"m"}`,
      `{"pad":"${long}","model":"m","more":"${long}"}`,
    ]) {
      const expected = body.replace('"m"', bytes(REAL));
      assert.equal(bodyOf(sent([body])), expected);
      assert.equal(bodyOf(sent(body.match(/.{1,16000}/gs)!)), expected);
    }
  });

  it('replaces the last of several models, which is the one that counts', () => {
    const body = '{"model":"first","model":"m"}';
    assert.equal(bodyOf(sent([body])), `{"model":"first","model":${bytes(REAL)}}`);
  });

  it('gives any JSON document the same meaning as with its model set', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const document = fc.tuple(fc.dictionary(fc.string(), value), fc.nat(4), fc.array(fc.nat(200)));
    const property = fc.property(document, ([fields, indent, cuts]) => {
      const text = bytes(JSON.stringify({ ...fields, model: 'm' }, undefined, indent));
      const parts: string[] = [];
      let from = 0;
      for (const cut of cuts.map((one) => one % text.length).toSorted((a, b) => a - b)) {
        parts.push(text.slice(from, cut));
        from = cut;
      }
      parts.push(text.slice(from));
      const got = Buffer.from(bodyOf(sent(parts)), 'latin1').toString();
      const expected = JSON.parse(JSON.stringify(fields));
      assert.deepEqual(JSON.parse(got), { ...expected, model: JSON.parse(REAL) });
      for (const plane of planes.splice(0)) plane.close();
    });
    fc.assert(property, { seed: 4, numRuns: 150 });
  });

  it('frames a chunked body by its length', () => {
    const plane = new FakePlane();
    planes.push(plane);
    plane.client(
      'POST /v1/chat/completions HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '8\r\n{"model"\r\n5\r\n:"m"}\r\n0\r\nTrailer: x\r\n\r\n',
    );
    const request = plane.connect().received;
    assert.equal(bodyOf(request), '{"model":"m"}');
    assert.doesNotMatch(request, /transfer-encoding|trailer/i);
  });

  it("keeps the client's key from an endpoint whose own fields have one", () => {
    const headers = [['Authorization', 'Basic own']] as const;
    const fields = 'Authorization: Bearer theirs\r\n';
    const request = sent(['{"model":"m"}'], [endpoint(0, { own: settings({ headers }) })], fields);
    assert.deepEqual(request.match(/^authorization:.*$/gim), ['Authorization: Basic own']);
  });

  it("carries the endpoint's key, or else the client's", () => {
    const fields = 'Authorization: Bearer theirs\r\nX-Api-Key: theirs\r\nCookie: c=1\r\n';
    const own = sent(['{"model":"m"}'], [endpoint(0, { apiKey: 'ours' })], fields);
    assert.match(own, /\r\nAuthorization: Bearer ours\r\n/);
    assert.doesNotMatch(own, /theirs|cookie/i);
    const none = sent(['{"model":"m"}'], [endpoint(0)], fields);
    assert.equal(none.match(/theirs/g)!.length, 1);
    assert.match(none, /\r\nAuthorization: Bearer theirs\r\n/);
  });
});
