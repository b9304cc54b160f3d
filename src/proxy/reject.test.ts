import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { field, readAnswer } from '../../test/fakes/http-text.ts';
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import { errorAnswer, serializeAnswer } from './reject.ts';

const STAY = { minor: 1, keepAlive: true, withBody: true };

describe("an answer of the router's own", () => {
  it('is one valid message for every error, with the length of its body', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const sent = errorAnswer(code, 'openai', 'dé\r\ntail', 'Allow: POST\r\n');
      const got = readAnswer(serializeAnswer(sent, STAY, 'r-1').toString('latin1'));
      assert.ok(got.complete);
      assert.equal(got.status, ERRORS[code].status);
      assert.equal(got.body, sent.body.toString('latin1'));
      assert.equal(JSON.parse(sent.body.toString()).error.code, code);
      assert.equal(field(got, 'allow'), 'POST');
      assert.equal(field(got, 'x-request-id'), 'r-1');
      assert.equal(field(got, 'content-type'), 'application/json');
      assert.match(field(got, 'date')!, /GMT$/);
    }
  });

  it('has a reason for every status that can be', () => {
    for (const [code, { status }] of Object.entries(ERRORS)) {
      if (status === 499) continue;
      const text = serializeAnswer(errorAnswer(code as ErrorCode, 'openai', ''), STAY, '');
      assert.match(text.toString('latin1'), /^HTTP\/1\.1 \d{3} [A-Z]/, code);
    }
  });

  it('says whether the connection stays', () => {
    const answer = errorAnswer('route_not_found', 'openai', '');
    const connection = (minor: number, keepAlive: boolean) => {
      const bytes = serializeAnswer(answer, { minor, keepAlive, withBody: true }, '');
      return field(readAnswer(bytes.toString('latin1')), 'connection');
    };
    assert.equal(connection(1, true), undefined);
    assert.equal(connection(1, false), 'close');
    assert.equal(connection(0, true), 'keep-alive');
    assert.equal(connection(0, false), 'close');
  });

  it('has the length but not the body for HEAD', () => {
    const answer = errorAnswer('route_not_found', 'openai', '');
    const text = serializeAnswer(answer, { ...STAY, withBody: false }, '').toString('latin1');
    assert.ok(text.endsWith('\r\n\r\n'));
    assert.match(text, new RegExp(`Content-Length: ${answer.body.length}\r\n`));
  });
});
