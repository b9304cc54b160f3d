/**
 * `llm-router check` and `config print` as people and scripts run them, against real engines,
 * closed ports and TLS spoken on the wrong side, on the loopback address.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { assertBuilt, LAUNCHER, PROJECT } from '../fakes/built.ts';
import { Child } from '../fakes/child.ts';
import { startSimProcess } from '../scenarios/sim-process.ts';

before(assertBuilt);

/** Systems do not give out ports below 1024: nobody can come to have it meanwhile. */
const CLOSED_PORT = 1;
/** Too long for any name server to be asked, some of which answer late or anything. */
const NO_HOST = `${'no-such-host'.repeat(6)}.invalid`;

/** A folder with a main file and one file of endpoints; removed after the test. */
async function folder(t: TestContext, main: string, endpoints = ''): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-check-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'configs'));
  await writeFile(join(dir, 'config.yaml'), main);
  await writeFile(join(dir, 'configs/self_deployed_a.yaml'), endpoints);
  return dir;
}

/** Runs a command on the configuration in `dir` to its end; `dir/` is cut from what it says. */
async function run(t: TestContext, dir: string, words: readonly string[], env: string[] = []) {
  const args = [...env, LAUNCHER, ...words, '-config', join(dir, 'config.yaml')];
  const child = new Child('env', args);
  t.after(() => child.kill());
  const code = await child.exited;
  return { code, output: child.output.replaceAll(`${dir}/`, '') };
}

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** One deployment of the model `m`. */
function endpoint(apiBase: string, more = ''): string {
  return `  - {model_name: m, litellm_params: {api_base: "${apiBase}"${more}}}\n`;
}

test('a good configuration ends with 0 and one line', async (t) => {
  const dir = await folder(t, '', `model_list:\n${endpoint('http://127.0.0.1:1/v1')}`);
  const { code, output } = await run(t, dir, ['check']);
  assert.equal(output, '2 files, 1 endpoint: 0 errors, 0 warnings\n');
  assert.equal(code, 0);
});

test('a file that is not read because of its name is told', async (t) => {
  const dir = await folder(t, '');
  for (const name of ['self_deployed.yaml', 'mine_a.yml', 'self_deployed_a.yaml.bak', 'readme']) {
    await writeFile(join(dir, 'configs', name), '');
  }
  const { code, output } = await run(t, dir, ['check']);
  assert.deepEqual(output.split('\n').slice(0, 1), [
    'notice: configs: not read: mine_a.yml, self_deployed.yaml; ' +
      'backends.enabled_sources asks for openai_*.yaml, self_deployed_*.yaml',
  ]);
  assert.equal(code, 0);
});

test('all problems of files, environment and flags are printed, with 3', async (t) => {
  const dir = await folder(t, 'routing:\n  stratgy: x\nserver: {port: 70000}\n');
  const env = ['LLM_ROUTER_SERVER__PROT=1', 'LLM_ROUTER_LOG__LEVEL=loud'];
  const { code, output } = await run(t, dir, ['check'], env);
  assert.equal(code, 3);
  assert.deepEqual(output.trimEnd().split('\n'), [
    'error: environment LLM_ROUTER_LOG__LEVEL: must be one of trace, debug, info, warn, error, ' +
      'fatal, silent, not "loud"',
    'error: environment LLM_ROUTER_SERVER__PROT: there is no such option; ' +
      'did you mean "LLM_ROUTER_SERVER__PORT"?',
    'error: config.yaml:2:3: routing.stratgy: unknown key; did you mean "strategy"?',
    'error: config.yaml:3:16: server.port: must be a whole number from 0 to 65535, not 70000',
    '1 file, 0 endpoints: 4 errors, 0 warnings',
  ]);
});

test('programs get the same as JSON', async (t) => {
  const list = `model_list:\n${endpoint('h1')}${endpoint('http://127.0.0.1:1/v1')}`;
  const dir = await folder(t, 'server: {tls_cert_file: none.pem}', list);
  const { code, output } = await run(t, dir, ['check', '--json']);
  assert.equal(code, 3);
  const { ok, problems, endpoint_count: count, endpoints, files } = JSON.parse(output);
  assert.equal(ok, false);
  assert.equal(count, 1);
  assert.equal(endpoints, undefined);
  assert.deepEqual(files, ['config.yaml', 'configs/self_deployed_a.yaml']);
  assert.equal(problems[0].file, 'configs/self_deployed_a.yaml');
  assert.deepEqual([problems[0].line, problems[0].severity], [2, 'error']);
  assert.equal(problems[0].suggestion, 'http://h1');
  assert.equal(problems[1].path, 'server');
  assert.match(problems[1].message, /go together/);
});

test('every endpoint is asked, and the cause of each fault is named', async (t) => {
  const sim = await startSimProcess('--model', 'm');
  t.after(() => sim.kill());
  const tlsFile = (name: string) => readFileSync(join(PROJECT, 'test/fixtures/tls', name));
  const answer: RequestListener = (request, response) => {
    const granted = request.headers.authorization === 'Bearer sk-right';
    response.writeHead(granted ? 200 : 401).end('{"data":[{"id":"m"}]}');
  };
  const pair = { cert: tlsFile('cert.pem'), key: tlsFile('key.pem') };
  const secure = await listening(t, createHttps(pair, answer));
  const plain = await listening(t, createHttp(answer));
  const silent = await listening(
    t,
    createServer((socket) => socket.on('error', () => {})),
  );
  const at = (port: number, scheme = 'http') => `${scheme}://127.0.0.1:${port}/v1`;
  const list = [
    endpoint(`${sim.url}/v1`),
    `  - {model_name: gone, litellm_params: {api_base: "${sim.url}/v1"}}\n`,
    endpoint(at(CLOSED_PORT)),
    endpoint(at(plain), ', api_key: sk-canary'),
    endpoint(at(plain), ', api_key: sk-right').replace('model_name: m', 'model_name: openai/m'),
    endpoint(at(plain, 'https')),
    endpoint(at(secure)),
    endpoint(at(secure, 'https')),
    endpoint(at(silent)),
    endpoint(`http://${NO_HOST}/v1`),
  ];
  const main = 'health_check: {timeout: 3, max_concurrency: 4}\n';
  const dir = await folder(t, main, `model_list:\n${list.join('')}`);
  const { code, output } = await run(t, dir, ['check', '-online', '-json']);
  assert.equal(code, 3);
  assert.doesNotMatch(output, /sk-/);
  const { endpoints } = JSON.parse(output) as {
    endpoints: { at: string; engine: string; findings: { cause: string; message: string }[] }[];
  };
  assert.deepEqual(
    endpoints.map(({ findings }) => findings.map(({ cause }) => cause).join(' ')),
    [
      ...['', 'wrong-model', 'refused', 'wrong-key', 'no-metrics', 'speaks-http', 'speaks-https'],
      ...['certificate', 'timeout', 'dns'],
    ],
  );
  assert.equal(endpoints[0]!.engine, 'vllm');
  assert.match(endpoints[1]!.findings[0]!.message, /has no "gone", only m$/);
  assert.equal(endpoints[2]!.at, 'configs/self_deployed_a.yaml:4:5');
  const table = await run(t, dir, ['check', '--online']);
  assert.equal(table.code, 3);
  assert.match(table.output, /^MODEL +ENDPOINT +AT +RESULT$/m);
  assert.match(table.output, /^m +http:\S+\/v1 +configs\/self_deployed_a\.yaml:2 +ok, vllm$/m);
  assert.match(table.output, /^m .* error: connection refused: nothing listens there$/m);
  assert.match(table.output, /\n2 files, 10 endpoints: 8 errors, 1 warning\n$/);
});

test('warnings alone end with 0', async (t) => {
  const server = createHttp((_request, response) => response.end('{"data":[{"id":"m"}]}'));
  const port = await listening(t, server);
  const list = `model_list:\n${endpoint(`http://127.0.0.1:${port}/v1`)}`;
  const dir = await folder(t, '', list);
  const { code, output } = await run(t, dir, ['check', '-online']);
  assert.match(output, /warning: no metrics: \/metrics is a page of no known engine/);
  assert.equal(code, 0);
});

test('config print shows what counts and where it came from, without secrets', async (t) => {
  const main = 'server: {port: 9001, workers: 2}\nwebhook: {url: "http://r/sk-canary"}\n';
  const more = ', api_key: os.environ/KEY, tpm_limit: 9';
  const dir = await folder(t, main, `model_list:\n${endpoint('http://127.0.0.1:1/v1', more)}`);
  const env = ['LLM_ROUTER_SERVER__PORT=9002', 'KEY=sk-canary'];
  const words = ['config', 'print', '-origin', '-log-level', 'debug'];
  const { code, output } = await run(t, dir, words, env);
  assert.equal(code, 0);
  assert.doesNotMatch(output, /sk-canary/);
  for (const line of [
    /^ {2}port: 9002 +# environment LLM_ROUTER_SERVER__PORT$/m,
    /^ {2}workers: 2 +# config\.yaml:1$/m,
    /^ {2}host: 0\.0\.0\.0 +# default$/m,
    /^ {2}level: debug +# flag -log-level$/m,
    /^ {2}url: "\*\*\*" +# config\.yaml:2$/m,
    /^ {6}api_key: "\*\*\*" +# configs\/self_deployed_a\.yaml:2$/m,
    /^ {6}tpm_limit: 9 +# configs\/self_deployed_a\.yaml:2$/m,
    /^ {2}- model_name: m +# configs\/self_deployed_a\.yaml:2$/m,
  ]) {
    assert.match(output, line);
  }
  const bare = await run(t, dir, ['config', 'print'], env);
  assert.doesNotMatch(bare.output, / # /);
  assert.match(bare.output, /^ {2}port: 9002$/m);
});

test('config print refuses an invalid configuration with 3', async (t) => {
  const dir = await folder(t, 'sever: {}');
  const { code, output } = await run(t, dir, ['config', 'print']);
  assert.equal(code, 3);
  assert.equal(output, 'config.yaml:1:1: sever: unknown key; did you mean "server"?\n');
});

test('the router itself starts by what the environment says', async (t) => {
  const dir = await folder(t, 'dashboard: {enabled: false}\nserver: {host: 127.0.0.1, port: 1}\n');
  const env = ['LLM_ROUTER_SERVER__PORT=0', 'LLM_ROUTER_SERVER__WORKERS=1'];
  const child = new Child('env', [...env, LAUNCHER, '-config', join(dir, 'config.yaml')]);
  t.after(() => child.kill());
  const { url, workers } = await child.logged(({ msg }) => msg === 'listening');
  assert.notEqual(new URL(String(url)).port, '1');
  assert.equal(workers, 1);
  assert.equal(await child.stop(), 0);
});
