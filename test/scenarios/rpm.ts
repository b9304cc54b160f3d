/**
 * Offers ten times what the rate limits of all engines allow, over several workers, and judges by
 * the engines' own logs: no window of sixty seconds may hold more arrivals than the limit, and
 * nearly all of what is allowed must be used.
 */
import assert from 'node:assert/strict';
import { startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { chatRequest, LoadClient, type Outcome } from './load-client.ts';
import { startSimProcess } from './sim-process.ts';

const ENGINES = 3;
const LIMIT = 60;
const WORKERS = 3;
const WINDOW_MS = 60_000;
const OFFERED_TIMES = 10;
const MODEL = 'limited';
/** A second model of one engine, that nobody else asks for. */
const LONELY = 'lonely';
const LONELY_LIMIT = 2;

/** `offerMs`: how long requests are offered; the figures are printed. */
export async function offerTenTimesTheLimit(offerMs: number): Promise<void> {
  const start = () => startSimProcess('--model', MODEL, '--output-tokens', '1');
  const engines = await Promise.all(Array.from({ length: ENGINES }, start));
  const lonely = await startSimProcess('--model', LONELY, '--output-tokens', '1');
  const router = await startRouter({
    endpoints: [
      ...engines.map(({ url }) => ({ url, model: MODEL, rpmLimit: LIMIT })),
      { url: lonely.url, model: LONELY, rpmLimit: LONELY_LIMIT },
    ],
    config: { server: { workers: WORKERS } },
  });
  const client = new LoadClient(router.port);
  try {
    const [outcomes] = await Promise.all([offer(client, offerMs), assertRetryAfterIsTrue(client)]);
    const refused = outcomes.filter(({ kind }) => kind === 'refused');
    const served = outcomes.filter(({ kind }) => kind === 'ok').length;
    assert.equal(served + refused.length, outcomes.length, 'nothing but answers and refusals');
    for (const outcome of refused) assertHonestRefusal(outcome);
    const peaks: number[] = [];
    let arrived = 0;
    for (const engine of engines) {
      const arrivals = await engine.arrivals();
      arrived += arrivals.length;
      peaks.push(busiestWindow(arrivals));
    }
    const allowed = ENGINES * LIMIT * Math.ceil(offerMs / WINDOW_MS);
    console.log(
      `${outcomes.length} offered in ${offerMs / 1000} s, ${served} of ${allowed} served, ` +
        `${refused.length} refused; most in any 60 s per engine: ${peaks.join(', ')}`,
    );
    assert.equal(arrived, served, 'what was not served never reached an engine');
    for (const peak of peaks) assert.ok(peak <= LIMIT, `${peak} requests in 60 s`);
    assert.ok(served >= 0.9 * allowed, `${served} of ${allowed} used`);
  } finally {
    client.close();
    await router.stop();
    await Promise.all([...engines, lonely].map((engine) => engine.kill()));
  }
}

/** An open loop: a request is due every so many milliseconds, whatever became of the last ones. */
async function offer(client: LoadClient, offerMs: number): Promise<Outcome[]> {
  const request = chatRequest(MODEL, false);
  const perMs = (OFFERED_TIMES * ENGINES * LIMIT) / WINDOW_MS;
  const startedMs = performance.now();
  const sent: Promise<Outcome>[] = [];
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs >= offerMs) return Promise.all(sent);
    while (sent.length < elapsedMs * perMs) sent.push(client.send(request));
    await sleep(20);
  }
}

function assertHonestRefusal({ status, text }: Outcome): void {
  assert.equal(status, 429);
  assert.match(text, /"type":"rate_limit_error"/);
  const seconds = retryAfterOf(text);
  assert.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
}

/** Who is refused and waits as long as told is served, when no rival takes the place. */
async function assertRetryAfterIsTrue(client: LoadClient): Promise<void> {
  const request = chatRequest(LONELY, false);
  for (let used = 0; used < LONELY_LIMIT; used++) {
    assert.equal((await client.send(request)).kind, 'ok');
  }
  const refused = await client.send(request);
  assertHonestRefusal(refused);
  const seconds = retryAfterOf(refused.text);
  await sleep(seconds * 1000);
  const again = await client.send(request);
  assert.equal(again.kind, 'ok', `after waiting ${seconds} s: ${again.text}`);
  console.log(`a refused request was served after its Retry-After of ${seconds} s`);
}

function retryAfterOf(text: string): number {
  return Number(/\r\nretry-after: (\d+)\r\n/i.exec(text)?.[1] ?? Number.NaN);
}

/** Most arrivals in any half-open window of 60 s. */
function busiestWindow(arrivals: readonly number[]): number {
  const sorted = arrivals.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (let last = 0; last < sorted.length; last++) {
    while (sorted[last]! - sorted[first]! >= WINDOW_MS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
