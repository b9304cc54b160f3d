import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { Stream as AnthropicStream } from '@anthropic-ai/sdk/streaming';
import { APIError } from 'openai';
import { Stream } from 'openai/streaming';
import type { ErrorCode } from '../core/errors.ts';
import { ERRORS } from '../core/errors.ts';
import { errorBody, MAX_DETAIL_CHARS, messageOf, streamErrorEvent } from './error-body.ts';
import type { Dialect } from './routes.ts';
import { SseScanner } from './sse-scanner.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];
const DIALECTS: readonly Dialect[] = ['openai', 'anthropic', 'responses'];

test('puts the detail into the sentence, whatever it contains', () => {
  assert.match(messageOf('model_not_found', 'gpt-x'), /^The model "gpt-x" is not served/);
  for (const detail of ['$&', '$1', '{}', '', '\\']) {
    assert.ok(messageOf('route_not_found', detail).includes(`: ${detail}.`));
  }
  assert.equal(messageOf('draining', 'unused'), ERRORS.draining.message);
});

test('cuts a long detail, never within a character', () => {
  const frame = messageOf('route_not_found', '').length;
  assert.equal(messageOf('route_not_found', 'x'.repeat(200)).length, frame + MAX_DETAIL_CHARS);
  assert.equal(messageOf('route_not_found', 'x'.repeat(9e5)).length, frame + MAX_DETAIL_CHARS);
  for (const detail of ['😀'.repeat(200), `x${'😀'.repeat(200)}`]) {
    assert.ok(Buffer.byteLength(messageOf('route_not_found', detail)) < 1000);
    assert.ok(messageOf('route_not_found', detail).isWellFormed());
  }
});

test('writes the OpenAI shape for OpenAI and Responses routes', () => {
  for (const code of CODES) {
    const expected = { message: messageOf(code, 'd'), type: ERRORS[code].type, param: null, code };
    assert.deepEqual(JSON.parse(errorBody(code, 'openai', 'd').toString()), { error: expected });
    assert.deepEqual(JSON.parse(errorBody(code, 'responses', 'd').toString()), { error: expected });
  }
});

test('writes the Anthropic shape, with the type its status stands for', () => {
  const types: readonly (readonly [ErrorCode, string])[] = [
    ['model_missing', 'invalid_request_error'],
    ['model_not_found', 'not_found_error'],
    ['body_too_large', 'request_too_large'],
    ['rate_limited', 'rate_limit_error'],
    ['no_healthy_endpoint', 'overloaded_error'],
    ['internal_error', 'api_error'],
    ['upstream_disconnected', 'api_error'],
  ];
  for (const [code, type] of types) {
    const expected = { type: 'error', error: { type, message: messageOf(code, 'd') } };
    assert.deepEqual(JSON.parse(errorBody(code, 'anthropic', 'd').toString()), expected);
  }
});

test('a hostile detail stays inside its JSON string and its event', () => {
  const detail = '"}\r\n\r\ndata: [DONE]\n\n\u0000\u2028\ud800';
  for (const dialect of DIALECTS) {
    const body = errorBody('model_not_found', dialect, detail).toString();
    assert.doesNotMatch(body, /[\u0000-\u001f]/);
    assert.match(JSON.stringify(JSON.parse(body)), /served here/);
    const event = streamErrorEvent('model_not_found', dialect, detail);
    const scanner = new SseScanner();
    scanner.reset(dialect, true);
    assert.equal(scanner.scan(event, 0, event.length), event.length);
    assert.deepEqual([scanner.events, scanner.finished, scanner.atBoundary], [1, true, true]);
    assert.doesNotMatch(event.toString().slice(0, -2), /\n\n|\r/);
  }
});

test('the OpenAI client raises a typed error on the stream event', async () => {
  for (const dialect of ['openai', 'responses'] as const) {
    const event = streamErrorEvent('upstream_disconnected', dialect, '');
    const stream = Stream.fromSSEResponse(new Response(event), new AbortController());
    await assert.rejects(stream[Symbol.asyncIterator]().next(), (error: unknown) => {
      assert.ok(error instanceof APIError);
      assert.equal(error.code, 'upstream_disconnected');
      assert.equal(error.type, 'upstream_error');
      assert.match(error.message, /closed the connection in the middle/);
      return true;
    });
  }
});

test('the Anthropic client raises a typed error on the stream event', async () => {
  const event = streamErrorEvent('upstream_disconnected', 'anthropic', '');
  const stream = AnthropicStream.fromSSEResponse(new Response(event), new AbortController());
  await assert.rejects(stream[Symbol.asyncIterator]().next(), (error: unknown) => {
    assert.ok(error instanceof AnthropicError);
    assert.match(error.message, /closed the connection in the middle/);
    return true;
  });
});
