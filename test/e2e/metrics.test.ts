/**
 * `/metrics` of the built router in front of a simulated engine: what the OpenAI client got is what
 * was counted, and a client that did not ask for usage gets what the engine alone would send.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { OPENMETRICS_TYPE, PROMETHEUS_TYPE } from '../../src/control/metrics/metrics-page.ts';
import { type Family, readMetrics } from '../../src/control/metrics/text-reader-fixture.ts';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { untilPasses } from '../fakes/until.ts';

const MODEL = 'sim-model';
const NOBODY = 'http://127.0.0.1:9';
const IN_PROGRESS = 'llm_router_requests_in_progress';
const MESSAGES = [{ role: 'user' as const, content: 'Say hi – größer, 東京' }];

let sim: Sim;
let router: RunningRouter;

before(async () => {
  sim = await startSim({ model: MODEL, stableIds: true, outputTokens: 20 });
  router = await startRouter({
    endpoints: [
      { url: sim.url, model: MODEL },
      { url: NOBODY, model: 'down' },
    ],
    config: { routing: { unavailable_wait_ms: 50 }, server: { workers: 2 } },
    waitUntilUp: false,
  });
  await router.untilUp(1);
});

after(async () => {
  await router?.stop();
  await sim?.close();
});

function clientOf(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-test', maxRetries: 0 });
}

async function scrape(accept = ''): Promise<Map<string, Family>> {
  const response = await fetch(`${router.operationsUrl}/metrics`, { headers: { accept } });
  assert.equal(response.status, 200);
  const type = response.headers.get('content-type') ?? '';
  return readMetrics({ type, body: await response.text() });
}

/** The sum of a family's samples with these labels. */
function sum(families: Map<string, Family>, name: string, labels: object = {}): number {
  const family = name.replace(/_(bucket|sum|count)$/, '');
  const samples = (families.get(name) ?? families.get(family))!.samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  assert.ok(samples.length > 0, `${name} has no sample`);
  return samples.reduce((all, { value }) => all + value, 0);
}

async function streamed(
  client: OpenAI,
  options: object = {},
): Promise<OpenAI.ChatCompletionChunk[]> {
  const stream = await client.chat.completions.create({
    model: MODEL,
    messages: MESSAGES,
    stream: true,
    ...options,
  });
  const events: OpenAI.ChatCompletionChunk[] = [];
  // The simulated engine makes ids of what it was sent.
  for await (const event of stream) events.push({ ...event, id: '' });
  return events;
}

test('counts the tokens of a stream of which the client sees no usage', async () => {
  const earlier = await scrape();
  const asking = { stream_options: { include_usage: true } };
  const direct = await streamed(clientOf(sim.url));
  const told = (await streamed(clientOf(sim.url), asking)).at(-1)!.usage!;
  const routed = await streamed(clientOf(router.url));
  assert.deepEqual(routed, direct);
  assert.ok(routed.every(({ choices }) => choices.length > 0));
  const labels = { model: MODEL, endpoint: `${sim.url}/v1` };
  // The client is done at `[DONE]`; the request is settled after its last chunk.
  await untilPasses(async () => {
    const later = await scrape();
    const grown = (name: string, more: object = {}) =>
      sum(later, name, { ...labels, ...more }) - sum(earlier, name, { ...labels, ...more });
    assert.equal(grown('llm_router_prompt_tokens_total'), told.prompt_tokens);
    assert.equal(grown('llm_router_completion_tokens_total'), told.completion_tokens);
    assert.equal(grown('llm_router_usage_reports_total'), 1);
    assert.equal(grown('llm_router_requests_total', { class: 'ok' }), 1);
    assert.equal(grown('llm_router_endpoint_time_to_first_token_seconds_count'), 1);
  });
});

test('passes the usage on to a client that asks for it', async () => {
  const asking = { stream_options: { include_usage: true } };
  const routed = await streamed(clientOf(router.url), asking);
  assert.deepEqual(routed, await streamed(clientOf(sim.url), asking));
  assert.ok(routed.at(-1)!.usage!.completion_tokens > 0);
});

test('tells times, errors and its own state, in both formats', async () => {
  const client = clientOf(router.url);
  await client.chat.completions.create({ model: MODEL, messages: MESSAGES });
  await assert.rejects(client.chat.completions.create({ model: 'down', messages: MESSAGES }));
  await assert.rejects(client.chat.completions.create({ model: 'nobody', messages: MESSAGES }));
  for (const [accept, type, total] of [
    ['', PROMETHEUS_TYPE, '_total'],
    ['application/openmetrics-text', OPENMETRICS_TYPE, ''],
  ] as const) {
    const response = await fetch(`${router.operationsUrl}/metrics`, { headers: { accept } });
    assert.equal(response.headers.get('content-type'), type);
    await untilPasses(async () => {
      const families = await scrape(accept);
      assert.ok(sum(families, 'llm_router_request_duration_seconds_count', { model: MODEL }) >= 1);
      assert.ok(sum(families, 'llm_router_overhead_seconds_count') >= 1);
      assert.ok(sum(families, 'llm_router_event_loop_delay_seconds_count') >= 1);
      assert.equal(sum(families, 'llm_router_retry_budget', { model: MODEL }), 100);
      assert.equal(sum(families, 'llm_router_workers'), 2);
      assert.equal(sum(families, IN_PROGRESS), 0);
      assert.ok(sum(families, 'process_resident_memory_bytes') > 1e7);
      const errors = families.get(`llm_router_request_errors${total}`)!.samples;
      const count = (code: string) => errors.find(({ labels }) => labels.code === code)!.value;
      assert.deepEqual([count('model_not_found'), count('no_healthy_endpoint')], [1, 1]);
      const states = families.get('llm_router_endpoint_state')!.samples;
      assert.equal(states.find(({ labels }) => labels.model === MODEL)!.labels.state, 'healthy');
    });
  }
});

test('changes no number by being read', async () => {
  const names = ['llm_router_requests_started_total', 'llm_router_client_sent_bytes_total'];
  const values = async () => {
    const families = await scrape();
    return names.map((name) => sum(families, name));
  };
  // Requests of the tests before may still be settling.
  await untilPasses(async () => assert.equal(sum(await scrape(), IN_PROGRESS), 0));
  assert.deepEqual(await values(), await values());
});
