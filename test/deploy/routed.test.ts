/**
 * From `deploy up` to a routed completion: a running router takes the engines up from its endpoint
 * file, one by one, and `deploy stop` drains them through it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { DeployRig, freePorts, whyNot } from './rig.ts';

const HOSTS = ['127.0.0.22', '127.0.0.23'];
const HAND_WRITTEN = `# Agreed with the team: do not touch the first entry.
model_list:
  - model_name: other        # somebody else's
    litellm_params: {model: openai/other, api_base: "http://127.0.0.1:9/v1"}

# the end
`;
const skip = whyNot() || false;
let rig: DeployRig;
let router: RunningRouter;
let file = '';

before(async () => {
  if (skip) return;
  rig = await DeployRig.start(HOSTS);
  const files = { 'configs/self_deployed_config.yaml': HAND_WRITTEN };
  router = await startRouter({ endpoints: [], files, waitUntilUp: false });
  file = join(router.dir, 'configs/self_deployed_config.yaml');
});
after(async () => {
  if (skip) return;
  await rig.deploy('stop', '--hosts', HOSTS.join(','), '--grace', '1');
  await router.stop();
  await rig.close();
});

async function complete(tokens = 1): Promise<{ status: number; text: string }> {
  const response = await fetch(`${router.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'm', stream: true, max_tokens: tokens, ignore_eos: true },
      messages: [{ role: 'user', content: 'Hi' }],
    }),
  });
  return { status: response.status, text: await response.text() };
}

test('a completion is routed to what up started, without a restart', { skip }, async () => {
  const port = await freePorts(HOSTS[0]!, 4);
  for (const host of HOSTS) rig.order(host, [0, 1, 2, 3], 'paced 20');
  assert.equal((await complete()).status, 404);
  const { code, stdout, stderr } = await rig.deploy(
    ...['up', '--hosts', HOSTS.join(','), '--model-name', 'org/m', '--backend', 'sglang'],
    ...['--gpus-per-node', '4', '--tensor-parallel-size', '4', '--port', String(port)],
    ...['--stagger', '0', '--endpoints', file],
  );
  assert.equal(code, 0, stdout + stderr);
  await router.until('both engines are up', ({ backends }) => {
    return backends.filter(({ model_name: name, healthy }) => name === 'm' && healthy).length === 2;
  });
  assert.equal((await complete()).status, 200);
  const added = [port, port + 1].map((at, index) =>
    [
      '  - model_name: m',
      '    litellm_params:',
      '      model: openai/m',
      `      api_base: http://${HOSTS[index]}:${at}/v1`,
      '',
    ].join('\n'),
  );
  const text = readFileSync(file, 'utf8');
  const [head, tail] = HAND_WRITTEN.split('\n\n');
  const either = [added.join(''), added.toReversed().join('')].map(
    (lines) => `${head}\n${lines}\n${tail}`,
  );
  assert.ok(either.includes(text), text);
});

test('a restart through the router costs no request', { skip }, async () => {
  let isOver = false;
  const statuses: number[] = [];
  const client = async () => {
    while (!isOver) statuses.push((await complete(5)).status);
  };
  const clients = [client(), client(), client()];
  const { code, stdout, stderr } = await rig.deploy(
    ...['restart', '--hosts', HOSTS.join(','), '--endpoints', file, '--stagger', '0'],
    ...['--router', router.operationsUrl],
  );
  isOver = true;
  await Promise.all(clients);
  assert.equal(code, 0, stdout + stderr);
  assert.ok(statuses.length > 10, `${statuses.length} requests`);
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
});

test('stop waits for what runs, and the file is as it was', { skip }, async () => {
  const long = complete(200);
  const words = ['--hosts', HOSTS.join(','), '--endpoints', file];
  const { code, stdout, stderr } = await rig.deploy(
    ...['stop', ...words, '--router', router.operationsUrl],
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /2 of 2 services stopped/);
  const { status, text } = await long;
  assert.equal(status, 200);
  assert.match(text, /\[DONE\]\s*$/, 'the answer under way came to its end');
  assert.equal([...text.matchAll(/"content":"[^"]/g)].length >= 200, true);
  assert.equal(readFileSync(file, 'utf8'), HAND_WRITTEN);
  const copies = readdirSync(join(router.dir, 'configs')).filter((name) => name.endsWith('.bak'));
  assert.equal(copies.length, 2, 'one copy for each run that changed it');
  await router.until('the model is gone', ({ backends }) => {
    return backends.every(({ model_name: name }) => name !== 'm');
  });
});
