/** Tokens are counted from what answers tell, and nobody who did not ask sees that they were. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answer,
  chunked,
  LAST_CHUNK,
  post,
  readAnswer,
  SSE_HEAD,
} from '../../test/fakes/http-text.ts';
import { endpoint, type FakePlane } from '../../test/fakes/plane.ts';
import { planeStarter } from '../../test/fakes/planes.ts';
import type { FakeTransport } from '../../test/fakes/transport.ts';
import { meterRow, TOKENS_CACHED, TOKENS_IN, TOKENS_OUT, WITH_USAGE } from '../state/meters.ts';

const start = planeStarter();
const USAGE =
  '"usage":{"prompt_tokens":12,"total_tokens":19,"completion_tokens":7,' +
  '"prompt_tokens_details":{"cached_tokens":8}}';
const TOKEN = 'data: {"choices":[{"delta":{"content":"x"}}],"usage":null}\n\n';
const STOP = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';
const TOLD = `data: {"id":"c","choices":[],${USAGE}}\n\n`;
const DONE = 'data: [DONE]\n\n';
const ASKING = '{"model":"m","stream":true,"messages":[]}';
/** The body of ASKING as an engine gets it. */
const ASKED = '{"stream_options":{"include_usage":true},"model":"m","stream":true,"messages":[]}';
const COUNTED = [12, 7, 8, 1];

/** Input, output and cached tokens, and answers that told them. */
function tokens(plane: FakePlane): number[] {
  const row = meterRow(plane.meters, 0);
  return [TOKENS_IN, TOKENS_OUT, TOKENS_CACHED, WITH_USAGE].map((cell) => row[cell]!);
}

/** The body of the last request that an endpoint was sent. */
function sentBody({ received }: FakeTransport): string {
  const request = received.slice(received.lastIndexOf('POST '));
  const end = request.indexOf('\r\n\r\n');
  const body = request.slice(end + 4);
  assert.match(request.slice(0, end), new RegExp(`\r\nContent-Length: ${body.length}(\r|$)`));
  return body;
}

/** What the client gets of a stream that arrives in pieces, cut at `cut`. */
function relayed(body: string, stream: string, cut: number): { plane: FakePlane; text: string } {
  const plane = start();
  const client = plane.client(post({ body }));
  plane.connect();
  plane.upstream.deliver(stream.slice(0, cut));
  if (cut < stream.length) plane.upstream.deliver(stream.slice(cut));
  const read = readAnswer(client.received);
  assert.ok(read.complete, `cut at ${cut}`);
  return { plane, text: read.body };
}

describe('a stream whose client did not ask for usage', () => {
  it('is asked for it, wherever the request is cut', () => {
    const request = post({ body: ASKING });
    for (let cut = 1; cut < request.length; cut++) {
      const plane = start();
      const client = plane.client(request.slice(0, cut));
      client.deliver(request.slice(cut));
      assert.equal(sentBody(plane.connect()), ASKED, `cut at ${cut}`);
      plane.close();
    }
  });

  it('is asked within the stream options it has, and whatever the model is called there', () => {
    const endpoints = [endpoint(0, { upstreamModel: 'Other/Name' })];
    for (const [given, expected] of [
      ['{"stream":true,"model":"m"}', undefined],
      ['{"stream":true,"model":"m","stream_options":null}', undefined],
      ['{"stream_options" : { } ,"model":"m","stream":true}', undefined],
      ['{"stream":true,"stream_options":{"include_usage":false},"model":"m","x":1}', undefined],
      [
        '{"model":"m","stream":true,"stream_options":{"continuous_usage_stats":false}}',
        { continuous_usage_stats: false, include_usage: true },
      ],
    ] as const) {
      const request = post({ body: given });
      for (const cut of [request.length, request.length - 12, request.length - given.length + 5]) {
        const plane = start({ endpoints });
        plane.client(request.slice(0, cut)).deliver(request.slice(cut));
        const sent = JSON.parse(sentBody(plane.connect())) as object;
        const wanted = { model: 'Other/Name', stream_options: expected ?? { include_usage: true } };
        assert.deepEqual(sent, { ...JSON.parse(given), ...wanted }, given);
      }
    }
  });

  it('is asked when its body is too large for one write', () => {
    const body = `{"model":"m","x":"${'y'.repeat(100_000)}","stream":true}`;
    const plane = start({ endpoints: [endpoint(0, { upstreamModel: 'n' })] });
    plane.client(post({ body }));
    const expected = { ...JSON.parse(body), model: 'n', stream_options: { include_usage: true } };
    assert.deepEqual(JSON.parse(sentBody(plane.connect())), expected);
  });

  it('loses exactly the event with the usage again, wherever the bytes are cut', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const events = [TOKEN, `: ping\n\n${TOKEN}`, STOP, TOLD, DONE].map((event) =>
        event.replaceAll('\n', end),
      );
      const stream = SSE_HEAD + events.map(chunked).join('') + LAST_CHUNK;
      const expected = events.toSpliced(3, 1).join('');
      for (let cut = SSE_HEAD.length; cut <= stream.length; cut++) {
        const { plane, text } = relayed(ASKING, stream, cut);
        // Of a CRLF that was cut behind the event its LF stays: an empty line between two events.
        const clean = end === '\r\n' ? text.replace('\r\n\r\n\n', '\r\n\r\n') : text;
        assert.equal(clean, expected, `cut at ${cut}`);
        assert.deepEqual(tokens(plane), COUNTED, `cut at ${cut}`);
        plane.close();
      }
    }
  });

  it('loses it in streams that come in bytes, all at once, or without a last blank line', () => {
    const body = [TOKEN, STOP, TOLD, DONE].join('');
    const expected = [TOKEN, STOP, DONE].join('');
    const whole = SSE_HEAD + chunked(body) + LAST_CHUNK;
    assert.equal(relayed(ASKING, whole, whole.length).text, expected);
    const bytes = SSE_HEAD + [...body].map(chunked).join('') + LAST_CHUNK;
    const plane = start();
    const client = plane.client(post({ body: ASKING }));
    plane.connect();
    for (const byte of bytes) plane.upstream.deliver(byte);
    assert.equal(readAnswer(client.received).body, expected);
    assert.deepEqual(tokens(plane), COUNTED);
    const open = SSE_HEAD + chunked(TOKEN + STOP + TOLD.trimEnd()) + LAST_CHUNK;
    const { plane: second, text } = relayed(ASKING, open, open.length);
    assert.equal(text, TOKEN + STOP);
    assert.deepEqual(tokens(second), COUNTED);
  });

  it('keeps an event that tells usage beside something else', () => {
    const both = `data: {"choices":[{"delta":{},"finish_reason":"stop"}],${USAGE}}\n\n`;
    const stream = SSE_HEAD + chunked(TOKEN) + chunked(both) + chunked(DONE) + LAST_CHUNK;
    const { plane, text } = relayed(ASKING, stream, stream.length - 30);
    assert.equal(text, TOKEN + both + DONE);
    assert.deepEqual(tokens(plane), COUNTED);
  });

  it('keeps everything when its length was announced', () => {
    const body = TOKEN + STOP + TOLD + DONE;
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
    const stream = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    const { plane, text } = relayed(ASKING, stream, stream.length - 5);
    assert.equal(text, body);
    assert.deepEqual(tokens(plane), COUNTED);
  });

  it('ends in an error event like any other when it breaks after its usage', () => {
    const plane = start();
    const client = plane.client(post({ body: ASKING }));
    plane.connect().deliver(SSE_HEAD + chunked(TOKEN));
    plane.upstream.deliver(chunked(STOP + TOLD) + chunked('data: [DO'));
    assert.ok(readAnswer(client.received).body.endsWith(STOP));
  });
});

describe('the request body', () => {
  it('goes up as it came when there is nothing to ask', () => {
    for (const [body, path, options] of [
      ['{"model":"m","messages":[]}', '/v1/chat/completions', {}],
      ['{"model":"m","stream":false}', '/v1/chat/completions', {}],
      [
        '{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
        '/v1/completions',
        {},
      ],
      ['{"model":"m","stream":true,"stream_options":"odd"}', '/v1/completions', {}],
      ['{"model":"m","stream":true}', '/v1/responses', {}],
      ['{"model":"m","stream":true}', '/v1/messages', {}],
      [ASKING, '/v1/chat/completions', { streamUsage: false }],
    ] as const) {
      const plane = start({ options });
      plane.client(post({ body, path }));
      assert.equal(sentBody(plane.connect()), body, path);
    }
  });

  it('leaves a stream alone whose client asked for the usage itself', () => {
    const body = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
    const stream = SSE_HEAD + chunked(TOKEN + STOP) + chunked(TOLD) + chunked(DONE) + LAST_CHUNK;
    for (let cut = SSE_HEAD.length; cut <= stream.length; cut++) {
      const { plane, text } = relayed(body, stream, cut);
      assert.equal(text, TOKEN + STOP + TOLD + DONE);
      assert.deepEqual(tokens(plane), COUNTED);
      plane.close();
    }
  });
});

describe('an endpoint that does not take the question', () => {
  const stream = SSE_HEAD + chunked(TOKEN + STOP + DONE) + LAST_CHUNK;
  const refusal = answer(400, '{"error":"extra fields not permitted"}');

  it('is sent the request without it, and is not asked again', () => {
    const plane = start();
    const client = plane.client(post({ body: ASKING }));
    plane.connect().deliver(refusal);
    assert.equal(client.received, '');
    assert.equal(sentBody(plane.connect()), ASKING);
    plane.upstream.deliver(stream);
    assert.equal(readAnswer(client.received).status, 200);
    const next = plane.client(post({ body: ASKING }));
    assert.equal(sentBody(plane.upstream), ASKING);
    plane.upstream.deliver(stream);
    assert.equal(readAnswer(next.received).body, TOKEN + STOP + DONE);
    assert.deepEqual(tokens(plane), [0, 0, 0, 0]);
    assert.equal(plane.own.failedStatus[0], 0);
    plane.assertQuiet();
  });

  it('may be asked again when it was the request that was wrong', () => {
    const plane = start();
    const client = plane.client(post({ body: ASKING }));
    plane.connect().deliver(refusal);
    plane.connect().deliver(refusal);
    assert.equal(readAnswer(client.received).status, 400);
    plane.client(post({ body: ASKING }));
    assert.equal(sentBody(plane.upstream), ASKED);
    plane.upstream.deliver(stream);
    const third = plane.client(post({ body: ASKING }));
    plane.upstream.deliver(refusal);
    assert.equal(readAnswer(third.received).status, 400, 'it has taken the question before');
    plane.assertQuiet();
  });
});

describe('the usage of other answers', () => {
  it('is read from the end of a body, wherever it is cut', () => {
    const body = `{"choices":[{"text":"${'x'.repeat(300)}"}],${USAGE},"prompt_logprobs":null}`;
    for (const whole of [
      answer(200, body),
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(body)}${LAST_CHUNK}`,
    ]) {
      for (let cut = whole.indexOf('\r\n\r\n') + 4; cut <= whole.length; cut++) {
        const { plane, text } = relayed('{"model":"m"}', whole, cut);
        assert.equal(text, body);
        assert.deepEqual(tokens(plane), COUNTED, `cut at ${cut}`);
        plane.close();
      }
    }
  });

  it('is read from a long body that comes in pieces of any size', () => {
    const body = `{"data":[${'0.125,'.repeat(3000)}1],${USAGE}}`;
    for (const size of [1, 7, 300, 1023, 1024, 1025, 5000]) {
      const plane = start();
      const client = plane.client(post({ path: '/v1/embeddings' }));
      const whole = answer(200, body);
      plane.connect();
      for (let at = 0; at < whole.length; at += size) {
        plane.upstream.deliver(whole.slice(at, at + size));
      }
      assert.equal(readAnswer(client.received).body, body);
      assert.deepEqual(tokens(plane), COUNTED, `pieces of ${size}`);
    }
  });

  it('is not read from errors, nor from what is compressed', () => {
    for (const told of [
      answer(400, `{${USAGE}}`),
      answer(200, `{${USAGE}}`, 'Content-Encoding: gzip\r\n'),
    ]) {
      const { plane } = relayed('{"model":"m"}', told, told.length);
      assert.deepEqual(tokens(plane), [0, 0, 0, 0]);
    }
  });

  it('is read from the streams of Messages and Responses', () => {
    const named = (name: string, data: string) =>
      `event: ${name}\ndata: {"type":"${name}",${data}}\n\n`;
    const message =
      named('message_start', '"message":{"usage":{"input_tokens":5,"cache_read_input_tokens":8}}') +
      named('content_block_delta', '"delta":{"text":"\\"usage\\":{\\"output_tokens\\":99}"}') +
      named('message_delta', '"usage":{"output_tokens":7}') +
      named('message_stop', '"x":1');
    const response =
      named('response.output_text.delta', '"delta":"x"') +
      named(
        'response.completed',
        '"response":{"usage":{"input_tokens":13,"input_tokens_details":{"cached_tokens":8},' +
          '"output_tokens":7}}',
      );
    for (const [path, events] of [
      ['/v1/messages', message],
      ['/v1/responses', response],
    ] as const) {
      const stream = SSE_HEAD + chunked(events) + LAST_CHUNK;
      for (let cut = SSE_HEAD.length; cut <= stream.length; cut++) {
        const plane = start();
        const client = plane.client(post({ path, body: '{"model":"m","stream":true}' }));
        plane.connect().deliver(stream.slice(0, cut));
        if (cut < stream.length) plane.upstream.deliver(stream.slice(cut));
        assert.equal(readAnswer(client.received).body, events);
        assert.deepEqual(tokens(plane), [13, 7, 8, 1], `${path} cut at ${cut}`);
        plane.close();
      }
    }
  });
});
