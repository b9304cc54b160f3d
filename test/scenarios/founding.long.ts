/**
 * The scenario this router was founded for: eight engines and 2,048 vision requests at once, each
 * 300 KB with `messages` before `model`, half of them streamed. First all is well; then, under the
 * same load, one engine is killed, one frozen and one answers 503 every other time.
 *
 * A frozen engine keeps its connections: only time tells. `timeouts.first_byte_ms` is off by
 * default because a prefill may be long; whoever wants frozen engines noticed before their
 * clients' patience ends sets it above the longest honest wait, and `stream_gap_ms` likewise.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import {
  closedLoop,
  LoadClient,
  type LoadRequest,
  loadRequest,
  type Outcome,
  type OutcomeKind,
} from './load-client.ts';
import { type SimProcess, startSimProcess } from './sim-process.ts';

const ENGINES = 8;
const AT_ONCE = 2048;
const BODY_BYTES = 300 * 1024;
const MODEL = 'vision';
const FIRST_BYTE_MS = 20_000;
const STREAM_GAP_MS = 8_000;
/** Of the second part: when the load is even, and long enough after it for all to be noticed. */
const TROUBLE_AT_MS = 12_000;
const LOAD_MS = TROUBLE_AT_MS + FIRST_BYTE_MS + 6_000;

let engines: SimProcess[] = [];
let router: RunningRouter;
let client: LoadClient;
const bodies = [visionBody(false), visionBody(true)];
const requests = [loadRequest(bodies[0]!, false), loadRequest(bodies[1]!, true)];

before(async () => {
  const flags = ['--model', MODEL, '--max-num-seqs', '1024', '--output-tokens', '16'];
  const pace = ['--time-to-first-token', '400', '--time-to-first-token-std-dev', '150'];
  const start = () => startSimProcess(...flags, ...pace, '--inter-token-latency', '15');
  engines = await Promise.all(Array.from({ length: ENGINES }, start));
  router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: MODEL })),
    config: {
      server: { workers: 2 },
      timeouts: { first_byte_ms: FIRST_BYTE_MS, stream_gap_ms: STREAM_GAP_MS },
      health_check: { interval: 2, timeout: 2 },
    },
  });
  client = new LoadClient(router.port, 90_000);
});

after(async () => {
  client?.close();
  await router?.stop();
  for (const engine of engines) engine.thaw();
  await Promise.all(engines.map((engine) => engine.kill()));
});

test('2,048 vision requests at once see no error of the router', { timeout: 60_000 }, async () => {
  const tally = new Tally();
  let left = AT_ONCE;
  await closedLoop(client, AT_ONCE, () => (left > 0 ? requestNo(left--) : undefined), tally.seen);
  await report('all well', tally);
  assert.deepEqual(tally.counts(), { ok: AT_ONCE });
  await leasesReturn();
});

test('engines die, freeze and refuse, and no unanswered request fails', async () => {
  const tally = new Tally();
  await engines[2]!.setFaults({ 'failure-injection-rate': 50, 'failure-types': ['busy'] });
  const startedMs = performance.now();
  const trouble = setTimeout(() => {
    void engines[0]!.kill();
    engines[1]!.freeze();
  }, TROUBLE_AT_MS);
  let sent = 0;
  const next = () => (performance.now() - startedMs < LOAD_MS ? requestNo(sent++) : undefined);
  await closedLoop(client, AT_ONCE, next, tally.seen);
  clearTimeout(trouble);
  await report('trouble', tally);
  const { ok = 0, broken = 0, ...others } = tally.counts();
  assert.deepEqual(others, {}, tally.samples());
  assert.equal(ok + broken, sent);
  assert.ok(ok > 2 * AT_ONCE, `the load went on: ${ok} answers`);
  for (const outcome of tally.of('broken')) assertHonestEnd(outcome);
  await leasesReturn();
});

function requestNo(number: number): LoadRequest {
  return requests[number % 2]!;
}

/** A question about a picture whose bytes come before the name of the model. */
function visionBody(stream: boolean): Buffer {
  const url = `data:image/jpeg;base64,${'QUJD'.repeat(BODY_BYTES / 4)}`;
  const content = [
    { type: 'text', text: 'What is in this picture?' },
    { type: 'image_url', image_url: { url } },
  ];
  return Buffer.from(
    JSON.stringify({ messages: [{ role: 'user', content }], stream, model: MODEL }),
  );
}

/** Whole events, then the error event; neither [DONE] nor the last chunk. */
function assertHonestEnd({ stream, status, text }: Outcome): void {
  assert.equal(stream, true, 'only streams break: other answers come in one piece here');
  assert.equal(status, 200);
  assert.ok(!text.includes('[DONE]'));
  assert.ok(!text.endsWith('\r\n0\r\n\r\n'));
  assert.match(text, /\r\ndata: \{"error":\{[^\n]*"type":"upstream_error"[^\n]*\}\}\n\n\r\n$/);
}

async function leasesReturn(): Promise<void> {
  await router.until('all leases are back', ({ backends }) =>
    backends.every(({ connections, pending }) => connections === 0 && pending === 0),
  );
}

class Tally {
  readonly #outcomes: Outcome[] = [];
  readonly #startedMs = performance.now();
  #tookMs = 0;

  readonly seen = (outcome: Outcome): void => {
    // What went well is not looked at again, so its text need not be kept.
    this.#outcomes.push(outcome.kind === 'ok' ? { ...outcome, text: '' } : outcome);
    this.#tookMs = performance.now() - this.#startedMs;
  };

  of(kind: OutcomeKind): readonly Outcome[] {
    return this.#outcomes.filter((outcome) => outcome.kind === kind);
  }

  counts(): Partial<Record<OutcomeKind, number>> {
    const counts: Partial<Record<OutcomeKind, number>> = {};
    for (const { kind } of this.#outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /** One answer of each way to fail. */
  samples(): string {
    const kinds: OutcomeKind[] = ['refused', 'lost', 'truncated', 'late'];
    return kinds
      .flatMap((kind) => this.of(kind).slice(0, 3))
      .map(({ text }) => text.slice(0, 600))
      .join('\n');
  }

  line(): string {
    const total = this.#outcomes.map(({ totalMs }) => totalMs).sort((a, b) => a - b);
    const first = this.#outcomes.map(({ firstByteMs }) => firstByteMs).sort((a, b) => a - b);
    const at = (sorted: number[], q: number) =>
      Math.round(sorted[Math.floor(q * (sorted.length - 1))]!);
    return (
      `${total.length} requests in ${(this.#tookMs / 1000).toFixed(1)} s: ` +
      `${JSON.stringify(this.counts())}; ` +
      `first byte p50 ${at(first, 0.5)} p99 ${at(first, 0.99)} max ${at(first, 1)} ms; ` +
      `whole p50 ${at(total, 0.5)} p99 ${at(total, 0.99)} max ${at(total, 1)} ms`
    );
  }
}

/** `sent` beyond the number of requests are repeated attempts. */
async function report(name: string, tally: Tally): Promise<void> {
  const { requests: counted, backends } = await router.dashboard();
  const sent = backends.reduce((sum, backend) => sum + backend.total_requests, 0);
  console.log(`${name}: ${tally.line()}; retries so far ${sent - counted.total}`);
}
