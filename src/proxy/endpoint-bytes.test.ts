import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpoint, own } from '../../test/fakes/plane.ts';
import type { EndpointSpec } from '../core/endpoint.ts';
import { findRoute } from '../openai/routes.ts';
import { EndpointBytes } from './endpoint-bytes.ts';

const CHAT = findRoute('/v1/chat/completions')!;
const EMBEDDINGS = findRoute('/v1/embeddings')!;

function head(changes: Partial<EndpointSpec>, route = CHAT, query = ''): string {
  return new EndpointBytes(endpoint(0, changes)).requestHead(route, query).toString('latin1');
}

describe('the fixed bytes of an endpoint', () => {
  it('are its request line, its Host and its key', () => {
    assert.equal(
      head({ basePath: '/api/v1', apiKey: 'sk-1' }),
      'POST /api/v1/chat/completions HTTP/1.1\r\nHost: e0:9000\r\nAuthorization: Bearer sk-1\r\n',
    );
    assert.equal(head({ basePath: '' }), 'POST /chat/completions HTTP/1.1\r\nHost: e0:9000\r\n');
  });

  it('have one Authorization, and then nothing of the client stands beside it', () => {
    const settings = own({ headers: [['AUTHORIZATION', 'Basic own']] });
    for (const apiKey of ['', 'sk-1']) {
      const spec = endpoint(0, { apiKey, own: settings });
      const bytes = new EndpointBytes(spec);
      const lines = bytes.requestHead(CHAT, '').toString('latin1').split('\r\n');
      assert.deepEqual(
        lines.filter((line) => /^authorization:/i.test(line)),
        ['AUTHORIZATION: Basic own'],
      );
      assert.equal(bytes.hasKey, true);
    }
  });

  it('leave out the port that goes without saying', () => {
    assert.match(head({ port: 80 }), /Host: e0\r\n/);
    assert.match(head({ port: 443, tls: true }), /Host: e0\r\n/);
    assert.match(head({ port: 443 }), /Host: e0:443\r\n/);
    assert.match(head({ port: 80, tls: true }), /Host: e0:80\r\n/);
  });

  it('write an IPv6 address in brackets', () => {
    assert.match(head({ host: '::1' }), /Host: \[::1\]:9000\r\n/);
  });

  it('are of each route their own, with the query as it came', () => {
    const bytes = new EndpointBytes(endpoint(0));
    const chat = bytes.requestHead(CHAT, '');
    assert.equal(bytes.requestHead(CHAT, ''), chat, 'built once');
    assert.match(bytes.requestHead(EMBEDDINGS, '').toString(), /^POST \/v1\/embeddings HTTP/);
    const asked = bytes.requestHead(CHAT, '?a=%20b').toString();
    assert.match(asked, /^POST \/v1\/chat\/completions\?a=%20b HTTP\/1\.1\r\n/);
    assert.equal(bytes.requestHead(CHAT, ''), chat);
  });

  it('hold the model name as JSON when it differs from the public one', () => {
    const name = 'org/"x"\\é\u2028';
    const bytes = new EndpointBytes(endpoint(0, { upstreamModel: name }));
    assert.equal(JSON.parse(bytes.modelJson('m', []).toString()), name);
    assert.equal(bytes.modelJson(name, []).length, 0);
  });

  it('share connections with whoever has the same address and scheme', () => {
    const origin = (changes: Partial<EndpointSpec>) => {
      return new EndpointBytes(endpoint(0, changes)).origin;
    };
    assert.equal(origin({ modelName: 'x', apiKey: 'k' }), origin({}));
    assert.notEqual(origin({ tls: true }), origin({}));
    assert.notEqual(origin({ port: 1 }), origin({}));
  });
});
