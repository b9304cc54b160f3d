/**
 * Bytes arrive as the network likes: every small message is parted at each of its bytes, in both
 * directions and in every framing, and means the same.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  askInPieces,
  atEverySplit,
  type HttpRig,
  rawRequest,
  request,
  SEGMENT_GAP_MS,
  startHttpRig,
} from '../fakes/http-rig.ts';
import { type Answer, connectRaw, fieldOf } from '../fakes/raw-client.ts';
import { jsonAnswer, STREAM_HEAD } from '../fakes/raw-engine.ts';

let rig: HttpRig;

before(async () => {
  rig = await startHttpRig();
});
after(() => rig?.close());

/** Sends `bytes` parted at every place; the engine must see the same body each time. */
async function requestSplits(bytes: Buffer, body: string): Promise<void> {
  rig.engine.forget();
  rig.engine.script = ({ send, request: { body: seen } }) =>
    send(jsonAnswer({ seen: seen.toString() }));
  await atEverySplit(bytes, async (first, second, offset) => {
    const answer = await askInPieces(rig.port, [first, second]);
    assert.equal(answer.status, 200, `split at ${offset}`);
    assert.equal(JSON.parse(answer.body.toString()).seen, body, `split at ${offset}`);
  });
  assert.equal(rig.engine.requests.length, bytes.length - 1);
}

test('a request with a length means the same wherever it is parted', async () => {
  const body = '{"a":"\\"","model":"m"}';
  await requestSplits(Buffer.from(request({ body, close: false })), body);
});

test('a chunked request means the same wherever it is parted', async () => {
  const chunks = '5;a=b\r\n{"mod\r\n8\r\nel":"m"}\r\n0\r\nX-T: t\r\n\r\n';
  const bytes = Buffer.from(rawRequest('Transfer-Encoding: chunked\r\n', chunks));
  await requestSplits(bytes, '{"model":"m"}');
});

test('an alias is spliced wherever the request is parted', async () => {
  const body = '{"x":1,"model":"\\u0061lias","y":2}';
  const upstream = body.replace('"\\u0061lias"', '"org/real-\\"name\\""');
  await requestSplits(Buffer.from(request({ body, close: false })), upstream);
});

test('two pipelined requests are two wherever they are parted', async () => {
  rig.engine.script = ({ send, request: { body } }) => send(jsonAnswer(body.toString()));
  const bodies = ['{"model":"m","n":1}', '{"model":"m","n":2}'];
  const bytes = Buffer.from(bodies.map((body) => request({ body, close: false })).join(''));
  await atEverySplit(bytes, async (first, second, offset) => {
    const client = await connectRaw(rig.port);
    await client.sendPieces([first, second], SEGMENT_GAP_MS);
    for (const body of bodies) {
      assert.equal((await client.answer()).body.toString(), body, `split at ${offset}`);
    }
    client.abort();
  });
});

/** The engine sends `bytes` parted at every place; the client must hear the same each time. */
async function answerSplits(
  bytes: Buffer,
  untilClose: boolean,
  check: (answer: Answer, offset: number) => void,
): Promise<void> {
  rig.engine.script = async ({ send, delay, end, request: { body } }) => {
    const at = JSON.parse(body.toString()).at as number;
    send(bytes.subarray(0, at));
    await delay(SEGMENT_GAP_MS);
    send(bytes.subarray(at));
    if (untilClose) end();
  };
  await atEverySplit(bytes, async (_first, _second, at) => {
    const client = await connectRaw(rig.port);
    client.send(request({ body: JSON.stringify({ model: 'm', at }) }));
    await client.ended();
    const answer = await client.answer();
    client.abort();
    assert.ok(answer.complete, `split at ${at}`);
    assert.equal(answer.status, 200, `split at ${at}`);
    check(answer, at);
  });
}

test('an answer with a length means the same wherever it is parted', async () => {
  const bytes = Buffer.from(jsonAnswer('{"text":"größer"}', 'X-A: 1\r\n'));
  await answerSplits(bytes, false, (answer, at) => {
    assert.equal(answer.body.toString(), '{"text":"größer"}', `split at ${at}`);
    assert.equal(fieldOf(answer, 'x-a'), '1');
    assert.equal(fieldOf(answer, 'content-length'), String(answer.body.length));
  });
});

test('a chunked answer means the same wherever it is parted', async () => {
  const bytes = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '4;x=y\r\n{"a"\r\n00A\r\n:"bcdefgh"\r\n1\r\n}\r\n0\r\nX-T: 1\r\n\r\n',
  );
  await answerSplits(bytes, false, (answer, at) => {
    assert.equal(answer.body.toString(), '{"a":"bcdefgh"}', `split at ${at}`);
  });
});

test('an answer that ends by closing means the same wherever it is parted', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n';
  await answerSplits(Buffer.from(`${head}{"a":"b"}`), true, (answer, at) => {
    assert.equal(answer.body.toString(), '{"a":"b"}', `split at ${at}`);
    assert.equal(fieldOf(answer, 'transfer-encoding'), 'chunked');
  });
});

test('a stream passes byte for byte wherever it is parted', async () => {
  const first = 'data: {"choices":[{"delta":{"content":"é"}}]}\r\n\r\n';
  const events = `: hi\n\n${first}data: [DONE]\n\n`;
  const size = (text: string) => Buffer.byteLength(text).toString(16);
  const cut = 20;
  const chunks = [events.slice(0, cut), events.slice(cut)];
  const framed = chunks.map((text) => `${size(text)}\r\n${text}\r\n`).join('');
  const bytes = Buffer.from(`${STREAM_HEAD}${framed}0\r\n\r\n`);
  await answerSplits(bytes, false, (answer, at) => {
    assert.equal(answer.body.toString(), events, `split at ${at}`);
  });
});
