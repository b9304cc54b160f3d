/** The built router reads the metrics of engines of several kinds, and burdens none of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { type Dashboard, startRouter } from '../fakes/router.ts';
import { sleep, until } from '../fakes/until.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Pages {
  readonly [path: string]: string;
}

/** An engine that serves these pages and a list of the model `m`. */
function engine(pages: Pages, owner = 'somebody'): Promise<string> {
  const list = JSON.stringify({ data: [{ id: 'm', owned_by: owner }] });
  return listen((request, response) => {
    const text = request.url === '/v1/models' ? list : pages[request.url!];
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text ?? '');
  });
}

const VLLM = [0, 1]
  .flatMap((rank) => [
    `vllm:num_requests_running{engine="${rank}"} ${2 + rank}`,
    `vllm:num_requests_waiting{engine="${rank}"} ${rank}`,
    `vllm:kv_cache_usage_perc{engine="${rank}"} ${0.25 + 0.5 * rank}`,
  ])
  .join('\n');
const SGLANG = [
  ...[0, 1].map((rank) => `sglang_num_running_reqs{tp_rank="${rank}",priority=""} 4`),
  'sglang_num_running_reqs{tp_rank="0",priority="1"} 3',
  'sglang_num_queue_reqs{tp_rank="0"} 7',
].join('\n');
const TRTLLM = 'trtllm_num_requests_running 6\ntrtllm_num_requests_waiting 5\n';
const LLAMACPP = 'llamacpp:requests_processing 1\nllamacpp:requests_deferred 2\n';

test('shows the kind and the load of each engine', async () => {
  const urls = await Promise.all([
    engine({ '/metrics': VLLM }),
    engine({ '/metrics': SGLANG }),
    engine({ '/metrics': '[{"iter":1}]', '/prometheus/metrics': TRTLLM }),
    engine({ '/metrics': LLAMACPP }),
    engine({}, 'lmdeploy'),
  ]);
  const router = await startRouter({
    endpoints: urls.map((url) => ({ url, model: 'm' })),
    config: { monitor: { collect_interval: 0.2 } },
  });
  try {
    const brief = ({ backends }: Dashboard) =>
      backends.map(({ engine: kind, running, waiting }) => `${kind} ${running} ${waiting}`);
    const expected = [
      ...['vllm 5 1', 'sglang 4 7', 'tensorrt-llm 6 5', 'llamacpp 1 2', 'lmdeploy null null'],
    ];
    await router.until('all engines are known', (seen) => {
      return brief(seen).join() === expected.join();
    });
    assert.equal((await router.dashboard()).backends[0]!.gpu_cache, 0.5);
  } finally {
    await router.stop();
  }
});

const ANSWER_MS = 120;

test('asks a slow engine seldom, and never twice at a time', async () => {
  let open = 0;
  let most = 0;
  const asked: number[] = [];
  const url = await listen(async (request, response) => {
    if (request.url !== '/metrics') return response.end('{}');
    asked.push(performance.now());
    most = Math.max(most, ++open);
    await sleep(ANSWER_MS);
    open--;
    return response.end(VLLM);
  });
  const config = { monitor: { collect_interval: 0.1 } };
  const router = await startRouter({ endpoints: [{ url, model: 'm' }], config });
  try {
    await until('it was asked again and again', () => asked.length >= 3);
    assert.equal(most, 1);
    // Ten times as long as an answer takes, but for the first pause, which is spread by half.
    const pausesMs = asked.slice(1).map((atMs, index) => atMs - asked[index]!);
    assert.ok(pausesMs[0]! >= 5 * ANSWER_MS - 50, `${pausesMs} ms`);
    assert.ok(
      pausesMs.slice(1).every((ms) => ms >= 10 * ANSWER_MS - 50),
      `${pausesMs} ms`,
    );
  } finally {
    await router.stop();
  }
});
