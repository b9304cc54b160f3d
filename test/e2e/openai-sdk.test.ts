/**
 * The official OpenAI client through the router: to our simulated engine and to a mock server
 * that is not ours. What the client hears is what the engine said, byte for byte, and the objects
 * the SDK makes of it are those of a direct call.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import type { Sim } from '../../src/sim/engine.ts';
import type { RunningRouter } from '../fakes/router.ts';
import { type SpyFetch, spyFetch } from '../fakes/spy-fetch.ts';
import { type Backend, failure, routed, type SdkRig, startSdkRig } from './sdk-rig.ts';

const SIM_MODEL = 'sim-model';
const MOCK_MODEL = 'mock-model';
const PIXELS = `data:image/png;base64,${Buffer.alloc(60_000, 7).toString('base64')}`;

let rig: SdkRig;
let router: RunningRouter;
let backends: readonly [Backend, Backend];
let sim: Sim;

before(async () => {
  rig = await startSdkRig({
    simModel: SIM_MODEL,
    mockModel: MOCK_MODEL,
    teach: (mock) => {
      mock.onEmbedding(/.*/, { embedding: [0.25, -0.5, 1] });
      mock.onMessage(/.*/, {
        content: 'Grüße aus 東京 🗼',
        id: 'chatcmpl-fixed',
        created: 1_700_000_000,
      });
    },
    // Asked or not: test/e2e/metrics.test.ts.
    config: { monitor: { stream_usage: false } },
  });
  ({ backends, sim, router } = rig);
});

after(() => rig?.close());

function clientOf(url: string, spy: SpyFetch = spyFetch()): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-test', maxRetries: 0, fetch: spy.fetch });
}

type Call = (client: OpenAI, model: string) => Promise<unknown>;

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const TEXT = [{ role: 'user' as const, content: 'Say "hi" – größer, 東京, 🗼\n\\ /' }];
const PARTS = [
  {
    role: 'user' as const,
    content: [
      { type: 'text' as const, text: 'What is in "model": "x"?' },
      { type: 'image_url' as const, image_url: { url: PIXELS } },
    ],
  },
];

/** Calls both backends understand. */
const CALLS: readonly (readonly [name: string, call: Call])[] = [
  ['a chat', (c, model) => c.chat.completions.create({ model, messages: TEXT })],
  [
    'a streamed chat',
    async (c, model) =>
      all(await c.chat.completions.create({ model, messages: TEXT, stream: true })),
  ],
  [
    'a streamed chat with usage',
    async (c, model) =>
      all(
        await c.chat.completions.create({
          messages: TEXT,
          stream: true,
          stream_options: { include_usage: true },
          model,
        }),
      ),
  ],
  [
    'a chat with an image before the model name',
    (c, model) => c.chat.completions.create({ messages: PARTS, model }),
  ],
  [
    'a streamed chat with an image',
    async (c, model) =>
      all(await c.chat.completions.create({ model, messages: PARTS, stream: true })),
  ],
  ['embeddings', (c, model) => c.embeddings.create({ model, input: 'one two' })],
  [
    'embeddings as numbers',
    (c, model) => c.embeddings.create({ model, input: ['one'], encoding_format: 'float' }),
  ],
];

/** Calls of the simulated engine alone: the mock gives each answer of these another id. */
const SIM_CALLS: typeof CALLS = [
  ['a completion', (c, model) => c.completions.create({ model, prompt: 'Once' })],
  [
    'a streamed completion',
    async (c, model) => all(await c.completions.create({ model, prompt: 'Once', stream: true })),
  ],
  ['a response', (c, model) => c.responses.create({ model, input: 'Say hi' })],
  [
    'a streamed response',
    async (c, model) => all(await c.responses.create({ model, input: 'Say hi', stream: true })),
  ],
  ['a moderation', (c, model) => c.moderations.create({ model, input: 'fine' })],
  [
    'a rerank',
    (c, model) => c.post('/rerank', { body: { model, query: 'a b', documents: ['b', 'a b'] } }),
  ],
  ['a score', (c, model) => c.post('/score', { body: { model, text_1: 'a', text_2: ['a', 'b'] } })],
  ['a tokenization', (c, model) => c.post('/tokenize', { body: { model, prompt: 'añb' } })],
  ['a detokenization', (c, model) => c.post('/detokenize', { body: { model, tokens: [97] } })],
];

/** One call through the router. */
function through(call: Call, backend: Backend): Promise<unknown> {
  return routed((spy) => call(clientOf(router.url, spy), backend.model), backend);
}

for (const [name, call] of CALLS) {
  test(`${name} is the same as without the router, byte for byte`, async () => {
    for (const backend of backends) {
      const result = await through(call, backend);
      assert.deepEqual(result, await call(clientOf(backend.url), backend.model), backend.model);
    }
  });
}

for (const [name, call] of SIM_CALLS) {
  test(`${name} is the same as without the router, byte for byte`, async () => {
    const result = await through(call, backends[0]);
    assert.deepEqual(result, await call(clientOf(sim.url), SIM_MODEL));
  });
}

test('a response of a foreign server passes byte for byte, streamed or not', async () => {
  const plain: Call = (c, model) => c.responses.create({ model, input: 'Say hi' });
  const streamed: Call = async (c, model) =>
    all(await c.responses.create({ model, input: 'Say hi', stream: true }));
  await through(plain, backends[1]);
  const events = (await through(streamed, backends[1])) as { type: string }[];
  assert.equal(events.at(-1)!.type, 'response.completed');
});

test('lists the models of the configuration and retrieves one', async () => {
  const client = clientOf(router.url);
  const ids = (await all(await client.models.list())).map(({ id }) => id);
  assert.deepEqual(ids.sort(), ['down', 'limited', MOCK_MODEL, SIM_MODEL]);
  const model = await client.models.retrieve(MOCK_MODEL);
  assert.equal(model.id, MOCK_MODEL);
  assert.equal(model.object, 'model');
});

test('the id of a request is the one the SDK reports', async () => {
  const created = clientOf(router.url).chat.completions.create(
    { model: SIM_MODEL, messages: TEXT },
    { headers: { 'X-Request-Id': 'my-own.id_1' } },
  );
  assert.equal((await created)._request_id, 'my-own.id_1');
  const made = await clientOf(router.url).chat.completions.create({
    model: SIM_MODEL,
    messages: TEXT,
  });
  assert.match(made._request_id!, /^[A-Za-z0-9._-]{8,128}$/);
});

function chat(model: string): Promise<unknown> {
  return clientOf(router.url).chat.completions.create({ model, messages: TEXT });
}

test('an unknown model is a NotFoundError, with the name and a code', async () => {
  const error = await failure(chat('gpt-"ghost"'), OpenAI.NotFoundError);
  assert.equal(error.code, 'model_not_found');
  assert.equal(error.type, 'invalid_request_error');
  assert.match(error.message, /gpt-"ghost"/);
  await failure(clientOf(router.url).models.retrieve('ghost'), OpenAI.NotFoundError);
});

test('a missing model is a BadRequestError', async () => {
  const body = { messages: TEXT };
  const call = clientOf(router.url).post('/chat/completions', { body });
  const error = await failure(call, OpenAI.BadRequestError);
  assert.equal(error.code, 'model_missing');
  assert.equal(error.type, 'invalid_request_error');
});

test('a rate limit is a RateLimitError that says when to come back', async () => {
  await chat('limited');
  const error = await failure(chat('limited'), OpenAI.RateLimitError);
  assert.equal(error.code, 'rate_limited');
  assert.equal(error.type, 'rate_limit_error');
  const seconds = Number(error.headers!.get('retry-after'));
  // The window is counted in steps, so the last one may be waited for in full.
  assert.ok(seconds > 50 && seconds <= 65, String(seconds));
  assert.ok(error.requestID);
});

test('a model without a living endpoint is an InternalServerError with 503', async () => {
  const error = await failure(chat('down'), OpenAI.InternalServerError);
  assert.equal(error.status, 503);
  assert.equal(error.code, 'no_healthy_endpoint');
  assert.ok(Number(error.headers!.get('retry-after')) >= 1);
});

test("an engine's own error reaches the SDK in the engine's words", async () => {
  const body = { model: SIM_MODEL, messages: 'not a list' };
  const ask = (url: string) => clientOf(url).post('/chat/completions', { body });
  const error = await failure(ask(router.url), OpenAI.BadRequestError);
  assert.equal(error.message, (await failure(ask(sim.url), OpenAI.BadRequestError)).message);
});
