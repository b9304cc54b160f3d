/** Addresses: one spelling for each endpoint, and a hint where the slip is plain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApiBase, splitApiBase } from './api-base.ts';

const GOOD: readonly (readonly [raw: string, normal: string])[] = [
  ['http://h:8000/v1', 'http://h:8000/v1'],
  ['http://h:8000/v1/', 'http://h:8000/v1'],
  ['http://h:8000/v1///', 'http://h:8000/v1'],
  ['http://H:80/V1', 'http://h/V1'],
  ['HTTPS://h:443/', 'https://h'],
  ['https://h', 'https://h'],
  ['http://[::1]:9/v1', 'http://[::1]:9/v1'],
  ['http://h/a%20b', 'http://h/a%20b'],
];

for (const [raw, normal] of GOOD) {
  test(`reads ${raw} as ${normal}`, () => {
    assert.equal(readApiBase(raw), normal);
    assert.equal(readApiBase(normal), normal);
  });
}

const BAD: readonly (readonly [raw: string, message: RegExp])[] = [
  ['h:8000/v1', /must start with http/],
  ['ftp://h/v1', /must start with http/],
  ['http:/h', /must start with http/],
  ['http:///v1', /must start with http/],
  ['http://h:70000/v1', /not a valid address/],
  ['http://h:0/v1', /port 0/],
  ['http://[::1/v1', /not a valid address/],
  ['http://me:pw@h/v1', /credentials/],
  ['http://@h/v1', /credentials/],
  ['http://h/v1?key=1', /must not contain/],
  ['http://h/v1?', /must not contain/],
  ['http://h/v1#x', /must not contain/],
  ['http://h\\v1', /must not contain/],
  ['http://h /v1', /without blanks/],
  ['http://h\n/v1', /without blanks/],
  ['http://hé/v1', /without blanks/],
];

for (const [raw, message] of BAD) {
  test(`refuses ${JSON.stringify(raw)}`, () => {
    const fault = readApiBase(raw);
    assert.ok(typeof fault !== 'string');
    assert.match(fault.message, message);
    assert.doesNotMatch(fault.message, /pw/);
  });
}

test('suggests the scheme when it is missing', () => {
  assert.deepEqual(readApiBase('10.0.0.1:8000/v1'), {
    message: 'must start with http:// or https:// and a host',
    suggestion: 'http://10.0.0.1:8000/v1',
  });
});

const PARTS: readonly (readonly [string, ReturnType<typeof splitApiBase>])[] = [
  ['http://h/v1', { tls: false, host: 'h', port: 80, basePath: '/v1' }],
  ['https://h', { tls: true, host: 'h', port: 443, basePath: '' }],
  ['https://h:8443/a/b', { tls: true, host: 'h', port: 8443, basePath: '/a/b' }],
  ['http://[::1]:9', { tls: false, host: '::1', port: 9, basePath: '' }],
];

for (const [apiBase, parts] of PARTS) {
  test(`splits ${apiBase}`, () => assert.deepEqual(splitApiBase(apiBase), parts));
}
