import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowOf, findRoute, modelIdOf } from './routes.ts';

const INFERENCE = [
  'chat/completions',
  'completions',
  'embeddings',
  'responses',
  'messages',
  'rerank',
  'score',
  'moderations',
  'tokenize',
  'detokenize',
];

const PREFIXES = ['/', '//', '/v1/', '//v1/', '/v1//', '//v1//'];

test('finds every inference route under every spelling', () => {
  for (const name of INFERENCE) {
    for (const prefix of PREFIXES) {
      const route = findRoute(prefix + name);
      assert.equal(route?.name, name, prefix + name);
      assert.equal(route?.kind, 'inference');
      assert.equal(route?.method, 'POST');
      assert.equal(route?.suffix, `/${name}`);
    }
  }
});

test('finds the routes the router answers itself', () => {
  for (const prefix of PREFIXES) {
    assert.equal(findRoute(`${prefix}models`)?.kind, 'models');
    assert.equal(findRoute(`${prefix}models/a`)?.kind, 'model');
    assert.equal(findRoute(`${prefix}health`)?.kind, 'health');
    assert.equal(findRoute(`${prefix}ready`)?.kind, 'ready');
  }
});

test('finds nothing for other paths', () => {
  const others = [
    '',
    '/',
    '/v1',
    '/v1/',
    'v1/chat/completions',
    '/v2/chat/completions',
    '/v1/v1/chat/completions',
    '///v1/chat/completions',
    '/v1/chat//completions',
    '/v1/chat/completions/',
    '/V1/chat/completions',
    '/v1/chat%2Fcompletions',
    '/v1/./chat/completions',
    '/v1/../v1/chat/completions',
    '/v1/models/',
    '//models/',
    '/x/models/a',
    '/v1/health/models/a',
    '/__proto__',
    '/constructor',
  ];
  for (const path of others) assert.equal(findRoute(path), undefined, path);
});

test('takes the model id from the path, with slashes and percent-encoding', () => {
  const ids: readonly (readonly [string, string])[] = [
    ['/v1/models/gpt', 'gpt'],
    ['/v1/models/facebook/opt', 'facebook/opt'],
    ['/v1/models/facebook%2Fopt', 'facebook/opt'],
    ['//v1/models/a%20b', 'a b'],
    ['/v1//models/x', 'x'],
    ['/models/a/models/b', 'a/models/b'],
    ['/v1/models//a', '/a'],
    ['/v1/models/%E6%A8%A1', '模'],
  ];
  for (const [path, id] of ids) {
    assert.equal(findRoute(path)?.kind, 'model', path);
    assert.equal(modelIdOf(path), id);
  }
});

test('returns an id that cannot be decoded as it came', () => {
  for (const raw of ['%', '%zz', '%E6%A8', 'a%2', '%ff']) {
    assert.equal(modelIdOf(`/v1/models/${raw}`), raw);
  }
});

test('says which methods a route takes', () => {
  assert.equal(allowOf(findRoute('/v1/messages')!), 'POST');
  assert.equal(allowOf(findRoute('/v1/models')!), 'GET, HEAD');
});

test('knows which routes speak another dialect, may be repeated and end their streams', () => {
  assert.equal(findRoute('/v1/messages')?.dialect, 'anthropic');
  assert.equal(findRoute('/v1/responses')?.dialect, 'responses');
  assert.equal(findRoute('/v1/responses')?.pureInference, false);
  assert.equal(findRoute('/v1/chat/completions')?.dialect, 'openai');
  assert.equal(findRoute('/v1/chat/completions')?.pureInference, true);
  const ending = INFERENCE.filter((name) => findRoute(`/v1/${name}`)?.expectsEnd);
  assert.deepEqual(ending, ['chat/completions', 'completions', 'responses', 'messages']);
});
