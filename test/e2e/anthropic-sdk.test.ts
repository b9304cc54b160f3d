/**
 * The official Anthropic client through the router to /v1/messages: of our simulated engine and
 * of a mock server that is not ours. Bytes and events are those of the engine.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { RunningRouter } from '../fakes/router.ts';
import { type SpyFetch, spyFetch } from '../fakes/spy-fetch.ts';
import { type Backend, failure, routed, type SdkRig, startSdkRig } from './sdk-rig.ts';

const SIM_MODEL = 'claude-sim';
const MOCK_MODEL = 'claude-mock';

let rig: SdkRig;
let router: RunningRouter;
let backends: readonly [Backend, Backend];

before(async () => {
  rig = await startSdkRig({
    simModel: SIM_MODEL,
    mockModel: MOCK_MODEL,
    teach: (mock) => {
      mock.onMessage(/.*/, { content: 'Grüße aus 東京 🗼', id: 'msg_fixed' });
    },
  });
  ({ backends, router } = rig);
});

after(() => rig?.close());

function clientOf(url: string, spy: SpyFetch = spyFetch()): Anthropic {
  return new Anthropic({ baseURL: url, apiKey: 'sk-ant-test', maxRetries: 0, fetch: spy.fetch });
}

type Call = (client: Anthropic, model: string) => Promise<unknown>;

const TEXT = [{ role: 'user' as const, content: 'Say "hi" – größer, 東京, 🗼' }];
const PARTS = [
  {
    role: 'user' as const,
    content: [
      {
        type: 'image' as const,
        source: {
          type: 'base64' as const,
          media_type: 'image/png' as const,
          data: Buffer.alloc(60_000, 7).toString('base64'),
        },
      },
      { type: 'text' as const, text: 'What is in "model": "x"?' },
    ],
  },
];

async function streamed(client: Anthropic, body: Anthropic.MessageCreateParamsNonStreaming) {
  const events: Anthropic.RawMessageStreamEvent[] = [];
  for await (const event of await client.messages.create({ ...body, stream: true })) {
    events.push(event);
  }
  return events;
}

const CALLS: readonly (readonly [name: string, call: Call])[] = [
  ['a message', (c, model) => c.messages.create({ model, max_tokens: 64, messages: TEXT })],
  ['a streamed message', (c, model) => streamed(c, { model, max_tokens: 64, messages: TEXT })],
  [
    'a message with an image before the model name',
    (c, model) => c.messages.create({ max_tokens: 64, messages: PARTS, model }),
  ],
  [
    'a streamed message with an image',
    (c, model) => streamed(c, { max_tokens: 64, messages: PARTS, model }),
  ],
];

for (const [name, call] of CALLS) {
  test(`${name} is the same as without the router, byte for byte`, async () => {
    for (const backend of backends) {
      const { model, url } = backend;
      const result = await routed((spy) => call(clientOf(router.url, spy), model), backend);
      assert.deepEqual(result, await call(clientOf(url), model), model);
    }
  });
}

test('the version header reaches the engine, the key of the client does not', async () => {
  const [{ tap, model }] = backends;
  tap.forget();
  await clientOf(router.url).messages.create({ model, max_tokens: 9, messages: TEXT });
  const { fields } = tap.overheard().request;
  const names = fields.map(([name]) => name);
  assert.ok(names.includes('anthropic-version'));
  assert.ok(!names.includes('x-api-key'));
});

function ask(model: string): Promise<unknown> {
  return clientOf(router.url).messages.create({ model, max_tokens: 9, messages: TEXT });
}

test('errors of the router are the typed errors of the SDK', async () => {
  const post = (body: object) => clientOf(router.url).post('/v1/messages', { body });
  const notFound = await failure(ask('ghost'), Anthropic.NotFoundError);
  const bad = await failure(post({ messages: TEXT }), Anthropic.BadRequestError);
  await ask('limited');
  const limited = await failure(ask('limited'), Anthropic.RateLimitError);
  const down = await failure(ask('down'), Anthropic.InternalServerError);
  assert.deepEqual(
    [notFound, bad, limited, down].map(({ status, type }) => [status, type]),
    [
      [404, 'not_found_error'],
      [400, 'invalid_request_error'],
      [429, 'rate_limit_error'],
      [503, 'overloaded_error'],
    ],
  );
  for (const { error } of [notFound, bad, limited, down]) {
    assert.equal((error as { type: string }).type, 'error');
  }
});
