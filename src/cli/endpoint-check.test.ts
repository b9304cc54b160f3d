/** The cause that is named for each thing that can be wrong with an endpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointEntry } from '../config/endpoint-entry.ts';
import { NO_OWN } from '../config/own-settings.ts';
import { Secret } from '../config/secret.ts';
import type { FetchedText } from '../control/fetch-text.ts';
import { checkEndpoints } from './endpoint-check.ts';

const LIST = JSON.stringify({ data: [{ id: 'm' }, { id: 'other-model' }] });
const METRICS = 'vllm:num_requests_running{engine="0"} 1\nvllm:num_requests_waiting 0\n';

const ok = (text: string): FetchedText => ({ status: 200, text, error: '' });
const failed = (error: string): FetchedText => ({ status: 0, text: '', error });
const answered = (status: number, text = ''): FetchedText => ({ status, text, error: '' });

function entry(changes: Partial<EndpointEntry> = {}): EndpointEntry {
  return {
    ...{ id: 'm@http://h:1/v1', modelName: 'm', upstreamModel: 'm', apiBase: 'http://h:1/v1' },
    ...{ apiKey: new Secret('sk-canary'), weight: 1, rpmLimit: 0, supportsVision: false },
    ...{ sourceType: 'self_deployed', place: { file: 'e.yaml', line: 2, column: 5 } },
    ...changes,
  };
}

interface Call {
  readonly url: string;
  readonly key: string;
}

/** Checks one endpoint against answers by URL; what has none is refused. */
async function check(answers: Record<string, FetchedText>, changes: Partial<EndpointEntry> = {}) {
  const calls: Call[] = [];
  const [result] = await checkEndpoints([entry(changes)], {
    fetchText: (url, _timeoutMs, headers) => {
      calls.push({ url, key: headers.authorization ?? headers['api-key'] ?? '' });
      return Promise.resolve(answers[url] ?? failed('ECONNREFUSED'));
    },
    timeoutMs: 50,
    concurrency: 1,
  });
  const { findings, models, engine } = result!;
  const said = findings.map((one) => `${one.severity} ${one.cause}: ${one.message}`);
  return { said, models, engine, calls };
}

const MODELS = 'http://h:1/v1/models';

test('finds nothing wrong with an engine that lists the model and has metrics', async () => {
  const found = await check({ [MODELS]: ok(LIST), 'http://h:1/metrics': ok(METRICS) });
  assert.deepEqual(found.said, []);
  assert.equal(found.engine, 'vllm');
  assert.deepEqual(found.models, ['m', 'other-model']);
  assert.deepEqual(found.calls, [
    { url: MODELS, key: 'Bearer sk-canary' },
    { url: 'http://h:1/metrics', key: 'Bearer sk-canary' },
  ]);
});

test('shows a key that stands in a field of its own', async () => {
  const own = { ...NO_OWN, headers: [['Api-Key', new Secret('own')]] as const };
  const changes = { apiKey: new Secret(''), sourceType: 'openai', own };
  const { said, calls } = await check({ [MODELS]: ok(LIST) }, changes);
  assert.deepEqual([said, calls], [[], [{ url: MODELS, key: 'own' }]]);
});

test('asks a provider for no metrics', async () => {
  const { said, calls } = await check({ [MODELS]: ok(LIST) }, { sourceType: 'openai' });
  assert.deepEqual(said, []);
  assert.equal(calls.length, 1);
});

const CAUSES: readonly (readonly [answer: FetchedText, said: string])[] = [
  [failed('ECONNREFUSED'), 'error refused: connection refused: nothing listens there'],
  [failed('timeout'), 'error timeout: no answer within 50 ms'],
  [failed('ETIMEDOUT'), 'error timeout: no answer within 50 ms'],
  [failed('ENOTFOUND'), 'error dns: host name not found: h'],
  [failed('EAI_AGAIN'), 'error dns: host name not found: h'],
  [failed('EHOSTUNREACH'), 'error unreachable: no route to the host'],
  [failed('ECONNRESET'), 'error reset: the connection was closed without an answer'],
  [failed('HPE_INVALID_CONSTANT'), 'error failed: HPE_INVALID_CONSTANT'],
  [answered(401), 'error wrong-key: wrong key (answered 401)'],
  [answered(403), 'error wrong-key: wrong key (answered 403)'],
  [answered(400), 'error status: answered 400'],
  [answered(503), 'error status: answered 503'],
];

for (const [answer, said] of CAUSES) {
  test(`names the cause of ${answer.error || answer.status}`, async () => {
    assert.deepEqual((await check({ [MODELS]: answer })).said, [said]);
  });
}

test('says that a key is missing rather than wrong', async () => {
  const { said } = await check({ [MODELS]: answered(401) }, { apiKey: new Secret('') });
  assert.deepEqual(said, [
    'error wrong-key: it wants a key, and there is no api_key (answered 401)',
  ]);
});

test('shows the models of an engine that lacks the one', async () => {
  const answers = { [MODELS]: ok(LIST), 'http://h:1/metrics': ok(METRICS) };
  const own = await check(answers, { upstreamModel: 'other-modell' });
  assert.deepEqual(own.said, [
    'error wrong-model: wrong model name: it has no "other-modell", only m, other-model; ' +
      'did you mean "other-model"?',
  ]);
  const provider = await check(answers, { upstreamModel: 'x', sourceType: 'openai' });
  assert.match(provider.said[0]!, /^warning wrong-model: /);
});

test('is content with any model that a pattern stands for', async () => {
  const answers = { [MODELS]: ok(LIST), 'http://h:1/metrics': ok(METRICS) };
  for (const upstreamModel of ['*', 'other-*']) {
    assert.deepEqual((await check(answers, { upstreamModel })).said, []);
  }
  const { said } = await check(answers, { upstreamModel: 'gpt-*' });
  assert.match(said[0]!, /^error wrong-model: wrong model name: it has no "gpt-\*"/);
});

test('cuts a long list of models', async () => {
  const data = Array.from({ length: 30 }, (_, index) => ({ id: `model-${index}\n` }));
  const { said, models } = await check({ [MODELS]: ok(JSON.stringify({ data })) });
  assert.equal(models.length, 10);
  assert.match(said[0]!, /only model-0\\u000a, .*model-9\\u000a and 20 more/);
});

test('warns of an engine without a model list, and still asks for its metrics', async () => {
  const metrics = { 'http://h:1/metrics': ok(METRICS) };
  for (const answer of [answered(404), answered(405), ok('hello'), ok('{"data":[]}'), ok('3')]) {
    const { said, engine } = await check({ [MODELS]: answer, ...metrics });
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^warning no-model-list: /);
    assert.equal(engine, 'vllm');
  }
});

test('points at a forgotten /v1', async () => {
  const answers = { 'http://h:1/models': answered(404), 'http://h:1/metrics': ok(METRICS) };
  const { said } = await check(answers, { apiBase: 'http://h:1' });
  assert.match(said[0]!, /; api_base usually ends in \/v1$/);
});

test('warns where no load can be read, and why', async () => {
  for (const [page, why] of [
    [answered(404), '/metrics answered 404'],
    [answered(401), '/metrics answered 401'],
    [ok('<html>'), '/metrics is a page of no known engine'],
    [failed('timeout'), '/metrics failed (timeout)'],
  ] as const) {
    const { said } = await check({ [MODELS]: ok(LIST), 'http://h:1/metrics': page });
    assert.deepEqual(said, [
      `warning no-metrics: no metrics: ${why}; least-waiting counts only requests in flight there`,
    ]);
  }
  const second = { [MODELS]: ok(LIST), 'http://h:1/prometheus/metrics': ok(METRICS) };
  assert.deepEqual((await check(second)).said, []);
});

test('tells http written where https is spoken, and sends the key nowhere else', async () => {
  const other = 'https://h:1/v1/models';
  for (const [first, second] of [
    [failed('ECONNRESET'), answered(200)],
    [failed('HPE_INVALID_CONSTANT'), failed('DEPTH_ZERO_SELF_SIGNED_CERT')],
    [answered(400), answered(401)],
  ] as const) {
    const { said, calls } = await check({ [MODELS]: first, [other]: second });
    assert.deepEqual(said, [
      'error speaks-https: http against https: it speaks TLS; write https://',
    ]);
    assert.deepEqual(calls[1], { url: other, key: '' });
  }
});

test('tells https written where http is spoken', async () => {
  const [secure, plain] = ['https://h/v1/models', 'http://h:443/v1/models'];
  const changes = { apiBase: 'https://h/v1' };
  for (const code of ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'timeout']) {
    const { said, calls } = await check({ [secure]: failed(code), [plain]: ok(LIST) }, changes);
    assert.deepEqual(said, [
      'error speaks-http: https against http: it speaks plain HTTP; write http://',
    ]);
    assert.deepEqual(calls[1], { url: plain, key: '' });
  }
  const tlsToo = answered(400, 'The plain HTTP request was sent to HTTPS port');
  const { said } = await check({ [secure]: failed('EPROTO'), [plain]: tlsToo }, changes);
  assert.deepEqual(said, ['error failed: EPROTO']);
});

test('names a certificate that is not trusted', async () => {
  const answers = { 'https://h/v1/models': failed('SELF_SIGNED_CERT_IN_CHAIN') };
  const { said } = await check(answers, { apiBase: 'https://h/v1' });
  assert.deepEqual(said, [
    'error certificate: its TLS certificate is not trusted (SELF_SIGNED_CERT_IN_CHAIN)',
  ]);
});

test('asks no more endpoints at once than it may, and keeps their order', async () => {
  let active = 0;
  let most = 0;
  const entries = Array.from({ length: 20 }, (_, index) =>
    entry({ apiBase: `http://h:${index + 1}/v1`, sourceType: 'openai' }),
  );
  const checks = await checkEndpoints(entries, {
    fetchText: async () => {
      most = Math.max(most, ++active);
      await Promise.resolve();
      active--;
      return ok(LIST);
    },
    timeoutMs: 50,
    concurrency: 3,
  });
  assert.equal(most, 3);
  assert.deepEqual(
    checks.map((one) => one.entry),
    entries,
  );
});
