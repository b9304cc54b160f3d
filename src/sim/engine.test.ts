import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { until } from '../../test/fakes/until.ts';
import type { Sim } from './engine.ts';
import { startSim } from './engine.ts';

const sims: Sim[] = [];

async function start(options: Parameters<typeof startSim>[0] = {}): Promise<Sim> {
  const sim = await startSim(options);
  sims.push(sim);
  return sim;
}

async function post(sim: Sim, path: string, body: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(sim.url + path, { method: 'POST', body: text });
}

const SAY = { messages: [{ role: 'user', content: 'Tell me something.' }] } as const;

after(async () => {
  for (const sim of sims) await sim.close();
});

test('the official client gets the same chat answer whole and streamed', async () => {
  const sim = await start({ model: 'm' });
  const client = new OpenAI({ baseURL: `${sim.url}/v1`, apiKey: 'x', maxRetries: 0 });
  const ask = { messages: [...SAY.messages], model: 'm', n: 2, max_tokens: 9 };
  const whole = await client.chat.completions.create({ ...ask, stream: false });
  const streamed = ['', ''];
  const reasons: unknown[] = [];
  let usage: unknown;
  const stream = await client.chat.completions.create({
    ...ask,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    for (const { index, delta, finish_reason } of chunk.choices) {
      streamed[index] += delta.content ?? '';
      if (finish_reason !== null) reasons.push(finish_reason);
    }
    usage = chunk.usage ?? usage;
  }
  assert.deepEqual(
    streamed,
    whole.choices.map((choice) => choice.message.content),
  );
  assert.notEqual(streamed[0], streamed[1]);
  assert.deepEqual(reasons, ['length', 'length']);
  assert.deepEqual(usage, whole.usage);
  assert.equal(whole.usage?.completion_tokens, 18);
  assert.equal(whole.usage?.prompt_tokens, 5);
});

test('puts several tokens into one event on demand, the first one alone', async () => {
  const sim = await start({ model: 'm', streamInterval: 4 });
  const client = new OpenAI({ baseURL: `${sim.url}/v1`, apiKey: 'x', maxRetries: 0 });
  const ask = { messages: [...SAY.messages], model: 'm', max_tokens: 11 };
  const whole = await client.chat.completions.create(ask);
  const pieces: string[] = [];
  for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true })) {
    const text = choices[0]?.delta.content ?? '';
    if (text !== '') pieces.push(text);
  }
  assert.equal(pieces.join(''), whole.choices[0]?.message.content);
  assert.deepEqual(
    pieces.map((piece) => piece.trim().split(' ').length),
    [1, 4, 4, 2],
  );
});

test('completions and responses read the same whole and streamed', async () => {
  const sim = await start({ model: 'm' });
  const client = new OpenAI({ baseURL: `${sim.url}/v1`, apiKey: 'x', maxRetries: 0 });
  const ask = { model: 'm', prompt: ['one', 'two'], max_tokens: 7 };
  const whole = await client.completions.create(ask);
  const texts = ['', ''];
  for await (const chunk of await client.completions.create({ ...ask, stream: true })) {
    for (const choice of chunk.choices) texts[choice.index] += choice.text;
  }
  assert.deepEqual(
    texts,
    whole.choices.map((choice) => choice.text),
  );

  const question = { model: 'm', input: 'hello', max_output_tokens: 7 };
  const answer = await client.responses.create(question);
  let text = '';
  const numbers: number[] = [];
  let last = '';
  for await (const event of await client.responses.create({ ...question, stream: true })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    numbers.push(event.sequence_number);
    last = event.type;
  }
  assert.equal(text, answer.output_text);
  assert.equal(last, 'response.incomplete');
  assert.deepEqual(numbers, [...numbers.keys()]);
});

test('the official Anthropic client reads messages', async () => {
  const sim = await start({ model: 'm' });
  const client = new Anthropic({ baseURL: sim.url, apiKey: 'x', maxRetries: 0 });
  const ask = {
    model: 'm',
    max_tokens: 6,
    messages: [{ role: 'user' as const, content: 'hello' }],
  };
  const whole = await client.messages.create(ask);
  const streamed = await client.messages.stream(ask).finalMessage();
  assert.deepEqual(streamed.content, whole.content);
  assert.equal(streamed.stop_reason, 'max_tokens');
  assert.equal(streamed.usage.output_tokens, 6);
});

test('honours max_tokens, ignore_eos and its own length', async () => {
  const sim = await start({ outputTokens: 10 });
  const cases: readonly [object, number, string][] = [
    [{}, 10, 'stop'],
    [{ max_tokens: 3 }, 3, 'length'],
    [{ max_completion_tokens: 4, max_tokens: 3 }, 4, 'length'],
    [{ max_tokens: 30 }, 10, 'stop'],
    [{ max_tokens: 30, ignore_eos: true }, 30, 'length'],
  ];
  for (const [changes, tokens, reason] of cases) {
    const response = await post(sim, '/v1/chat/completions', { ...SAY, ...changes });
    const body = (await response.json()) as OpenAI.ChatCompletion;
    assert.equal(body.usage?.completion_tokens, tokens, JSON.stringify(changes));
    assert.equal(body.choices[0]?.finish_reason, reason);
  }
});

test('counts images and takes a body of 30 MB', async () => {
  const sim = await start({ imageTokens: 100, mode: 'echo' });
  const url = `data:image/png;base64,${'A'.repeat(30_000_000)}`;
  const content = [
    { type: 'image_url', image_url: { url } },
    { type: 'text', text: 'What is this?' },
  ];
  const body = { messages: [{ role: 'user', content }] };
  const answer = (await (
    await post(sim, '/v1/chat/completions', body)
  ).json()) as OpenAI.ChatCompletion;
  assert.equal(answer.choices[0]?.message.content, 'What is this?');
  assert.equal(answer.usage?.prompt_tokens, 104);
  assert.equal(sim.stats().images, 1);
});

test('answers bad requests as vLLM does', async () => {
  const sim = await start({ model: 'm', maxModelLen: 50 });
  const cases: readonly [unknown, number, RegExp][] = [
    ['{', 400, /JSON/],
    ['[]', 400, /object/],
    [{ ...SAY, model: 'other' }, 404, /`other` does not exist/],
    [{ model: 'm' }, 400, /messages/],
    [{ ...SAY, max_tokens: 51, ignore_eos: true }, 400, /maximum context length/],
  ];
  for (const [body, status, message] of cases) {
    const response = await post(sim, '/v1/chat/completions', body);
    const { error } = (await response.json()) as { error: { message: string; code: number } };
    assert.equal(response.status, status);
    assert.equal(error.code, status);
    assert.match(error.message, message);
  }
  assert.equal((await post(sim, '/v1/nothing', {})).status, 404);
  assert.deepEqual([sim.stats().received, sim.stats().failed, sim.stats().active], [5, 5, 0]);
});

test('serves the small routes', async () => {
  const sim = await start({ model: 'Org/m' });
  const cases: readonly [string, object, (body: never) => unknown, unknown][] = [
    [
      '/v1/embeddings',
      { input: ['a', 'b'], dimensions: 3 },
      (body: { data: { embedding: number[] }[] }) => body.data.map((one) => one.embedding.length),
      [3, 3],
    ],
    [
      '/v1/rerank',
      { query: 'red fox', documents: ['blue', 'a red fox'], top_n: 1 },
      (body: { results: { index: number }[] }) => body.results.map((one) => one.index),
      [1],
    ],
    [
      '/score',
      { text_1: 'a', text_2: ['b', 'a'] },
      (body: { data: { score: number }[] }) => body.data.map((one) => Math.round(one.score)),
      [0, 1],
    ],
    [
      '/v1/moderations',
      { input: 'x' },
      (body: { results: { flagged: boolean }[] }) => body.results[0]?.flagged,
      false,
    ],
    [
      '/tokenize',
      { prompt: 'né🚀' },
      (body: { tokens: number[] }) => body.tokens,
      [110, 233, 128640],
    ],
    [
      '/detokenize',
      { tokens: [110, 233, 128640] },
      (body: { prompt: string }) => body.prompt,
      'né🚀',
    ],
  ];
  for (const [path, body, pick, expected] of cases) {
    const response = await post(sim, path, body);
    assert.deepEqual(pick((await response.json()) as never), expected, path);
    assert.equal((await post(sim, path, {})).status, 400, path);
  }
  assert.equal((await fetch(`${sim.url}/health`)).status, 200);
  assert.equal((await fetch(`${sim.url}/version`)).status, 200);
  const list = (await (await fetch(`${sim.url}/v1/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    list.data.map((card) => card.id),
    ['Org/m'],
  );
  for (const id of ['Org/m', 'Org%2Fm']) {
    assert.equal((await fetch(`${sim.url}/v1/models/${id}`)).status, 200);
  }
  assert.equal((await fetch(`${sim.url}/v1/models/x`)).status, 404);
});

test('demands its key, but not for health and metrics', async () => {
  const sim = await start({ apiKey: 'secret' });
  const status = async (path: string, headers = {}): Promise<number> =>
    (await fetch(sim.url + path, { headers })).status;
  assert.equal(await status('/v1/models'), 401);
  assert.equal(await status('/v1/models', { authorization: 'Bearer secret' }), 200);
  assert.equal(await status('/v1/models', { authorization: 'Bearer other' }), 401);
  assert.equal(await status('/health'), 200);
  assert.equal(await status('/metrics'), 200);
  assert.equal((await post(sim, '/v1/chat/completions', SAY)).status, 401);
});

test('with stable ids two engines answer the same bytes', async () => {
  const bodies: string[] = [];
  for (const seed of [5, 5]) {
    const sim = await start({ seed, stableIds: true });
    const stream = await post(sim, '/v1/chat/completions', { ...SAY, stream: true });
    bodies.push(await stream.text());
  }
  assert.equal(bodies[0], bodies[1]);
  assert.match(bodies[0]!, /data: \[DONE\]\n\n$/);
});

test('a known prefix is counted as cached', async () => {
  const sim = await start({ enableKvcache: true, blockSize: 1 });
  const content = 'The same long beginning of a prompt. '.repeat(20);
  const cached: unknown[] = [];
  for (const end of ['one', 'two']) {
    const body = { messages: [{ role: 'user', content: content + end }] };
    const response = await post(sim, '/v1/chat/completions', body);
    const { usage } = (await response.json()) as OpenAI.ChatCompletion;
    cached.push(usage?.prompt_tokens_details?.cached_tokens);
  }
  assert.equal(cached[0], undefined);
  assert.ok(Number(cached[1]) > 150);
});

test('a client that leaves ends its generation, running or waiting', async () => {
  const sim = await start({ maxNumSeqs: 1, interTokenLatencyMs: 60_000 });
  const body = JSON.stringify({ ...SAY, stream: true });
  const clients = [new AbortController(), new AbortController()];
  const answers = clients.map(({ signal }) =>
    fetch(`${sim.url}/v1/chat/completions`, { method: 'POST', body, signal }),
  );
  await Promise.all(answers);
  assert.deepEqual([sim.stats().running, sim.stats().waiting], [1, 1]);
  for (const client of clients) client.abort();
  await until('both are cancelled', () => sim.stats().cancelled === 2);
  const { running, waiting, active, peak, completed } = sim.stats();
  assert.deepEqual([running, waiting, active, peak, completed], [0, 0, 0, 2, 0]);
});

test('logs every arrival at once, in the file and at /sim/arrivals', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sim-'));
  try {
    const requestLog = join(folder, 'arrivals');
    const sim = await start({ requestLog });
    const from = Date.now();
    for (let at = 0; at < 3; at++) await (await post(sim, '/v1/chat/completions', SAY)).text();
    await fetch(`${sim.url}/v1/models`);
    const logged = readFileSync(requestLog, 'utf8').trim().split('\n').map(Number);
    assert.equal(logged.length, 3);
    assert.ok(logged.every((epochMs) => epochMs >= from && epochMs <= Date.now()));
    const arrivals = (await (await fetch(`${sim.url}/sim/arrivals`)).json()) as {
      epoch_ms: number[];
      monotonic_ms: number[];
    };
    assert.deepEqual(arrivals.epoch_ms, logged);
    assert.deepEqual(sim.arrivalsEpochMs(), logged);
    assert.deepEqual(
      arrivals.monotonic_ms,
      arrivals.monotonic_ms.toSorted((a, b) => a - b),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('knobs change while it runs, all or none', async () => {
  const sim = await start({ outputTokens: 5 });
  const change = (body: unknown): Promise<Response> => post(sim, '/sim/faults', body);
  assert.equal((await change({ 'output-tokens': 7, time_to_first_token: '2ms' })).status, 200);
  const faults = (await (await fetch(`${sim.url}/sim/faults`)).json()) as Record<string, unknown>;
  assert.deepEqual([faults['output-tokens'], faults['time-to-first-token']], [7, 2]);
  for (const bad of [{ 'output-tokens': 9, nope: 1 }, { port: 1 }, { hang: 'yes' }, [], '{']) {
    assert.equal((await change(bad)).status, 400, JSON.stringify(bad));
  }
  const tokens = async (): Promise<unknown> => {
    const response = await post(sim, '/v1/chat/completions', SAY);
    return ((await response.json()) as OpenAI.ChatCompletion).usage?.completion_tokens;
  };
  assert.equal(await tokens(), 7);
  assert.equal((await post(sim, '/sim/reset', '')).status, 200);
  assert.equal(await tokens(), 5);
  assert.equal((await fetch(`${sim.url}/sim/nothing`)).status, 404);
});
