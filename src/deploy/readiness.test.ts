/** Whether an engine really serves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineCommand } from './engine-command.ts';
import { askEngine } from './readiness.ts';

const COMMAND: EngineCommand = { argv: [], env: {}, workdir: '', container: '', runtime: '' };
const ENGINE = { apiBase: 'http://h:1/v1', servedName: 'm', command: COMMAND };
type Answers = { readonly [path: string]: readonly [status: number, body: string] };

function ask(answers: Answers) {
  return askEngine(ENGINE, (url) => {
    const answer = answers[url.slice(ENGINE.apiBase.length)];
    if (answer === undefined) {
      const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
      return Promise.reject(new TypeError('fetch failed', { cause }));
    }
    return Promise.resolve(new Response(answer[1], { status: answer[0] }));
  });
}

const LISTED = [200, '{"data":[{"id":"m"}]}'] as const;

test('an engine that lists its model and completes is ready', async () => {
  const answers = { '/models': LISTED, '/chat/completions': [200, '{}'] } as const;
  assert.deepEqual(await ask(answers), { state: 'ready', note: '' });
});

test('one that does not answer, or fails to complete, is waited for', async () => {
  assert.deepEqual(await ask({}), { state: 'wait', note: 'GET /v1/models: ECONNREFUSED' });
  const broken = { '/models': LISTED, '/chat/completions': [500, 'CUDA error'] } as const;
  const note = 'POST /v1/chat/completions: 500 CUDA error';
  assert.deepEqual(await ask(broken), { state: 'wait', note });
});

test('models without chat, and embedding models, are ready too', async () => {
  const no = [400, 'no chat template'] as const;
  const plain = { '/models': LISTED, '/chat/completions': no, '/completions': [200, ''] } as const;
  assert.equal((await ask(plain)).note, '');
  const embeds = { ...plain, '/completions': no, '/embeddings': [200, ''] } as const;
  assert.deepEqual(await ask(embeds), { state: 'ready', note: '' });
});

test('an engine with a key is asked with it, and refusing it is not being ready', async () => {
  const engine = { ...ENGINE, command: { ...COMMAND, env: { VLLM_API_KEY: 'sk-1' } } };
  const answer = (status: number) => (_url: string, init: RequestInit) => {
    const { authorization } = init.headers as Record<string, string>;
    const body = '{"data":[{"id":"m"}]}';
    return Promise.resolve(
      new Response(body, { status: authorization === 'Bearer sk-1' ? status : 401 }),
    );
  };
  assert.deepEqual(await askEngine(engine, answer(200)), { state: 'ready', note: '' });
  const note = 'refuses its key (403)';
  assert.deepEqual(await askEngine(engine, answer(403)), { state: 'wait', note });
});

test('another name, a key and an unknown kind of model are told', async () => {
  const other = { '/models': [200, '{"data":[{"id":"x"}]}'], '/chat/completions': [200, ''] };
  assert.equal((await ask(other as unknown as Answers)).note, 'lists x and not m');
  assert.match((await ask({ '/models': [401, ''] })).note, /asks for a key \(401\)/);
  const no = [404, 'nope'] as const;
  const odd = { '/models': LISTED, '/chat/completions': no, '/completions': no, '/embeddings': no };
  assert.match((await ask(odd)).note, /completes nothing we know to ask .*404 nope/);
});
