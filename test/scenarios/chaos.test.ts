/**
 * Everything goes wrong at once: engines refuse, hang, reset, lie and die at random while clients
 * leave at random. Each request still ends in one honest way, and nothing is left behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { sleep } from '../fakes/until.ts';
import { MODEL, untilIdle } from './fault-rig.ts';
import { chatRequest, closedLoop, LoadClient, type Outcome } from './load-client.ts';

const LASTS_MS = 15_000;
const PATIENT_CLIENTS = 24;
const HASTY_CLIENTS = 8;
/** Some of the hasty ones leave before the first token, some in the middle. */
const HASTE_MS = [3, 12, 25, 60];

const PACE = { timeToFirstTokenMs: 6, interTokenLatencyMs: 3, outputTokens: 10 };
const FAULTS = [
  { failureInjectionRate: 20, failureTypes: ['reset', 'close'], dieMidEvent: true },
  { failureInjectionRate: 30, failureTypes: ['server_error', 'busy', 'queue_full', 'rate_limit'] },
  { failureInjectionRate: 4, failureTypes: ['hang'], dieAfterEvents: 4, dieBy: 'reset' },
  { dieAfterEvents: 2, dieBy: 'end', bodyFraming: 'close', keepAliveTimeoutMs: 20 },
];

test('chaos: every request ends honestly and nothing stays behind', {
  timeout: 60_000,
}, async () => {
  const engines = await Promise.all(
    FAULTS.map((faults, seed) => startSim({ model: MODEL, ...PACE, dieRate: 8, seed, ...faults })),
  );
  const router = await startRouter({
    endpoints: engines.map(({ url }) => ({ url, model: MODEL })),
    config: {
      server: { workers: 2 },
      timeouts: { first_byte_ms: 400, stream_gap_ms: 400 },
      retry: { base_delay_ms: 5, max_delay_ms: 20 },
      ejection: { base_ms: 100, max_ms: 200 },
    },
  });
  try {
    const { patient, hasty } = await load(router, engines);
    console.log(
      `patient: ${JSON.stringify(countOf(patient))}; hasty: ${JSON.stringify(countOf(hasty))}`,
    );
    patient.forEach(assertHonest);
    hasty.filter(({ kind }) => kind !== 'late').forEach(assertHonest);
    const ok = patient.filter(({ kind }) => kind === 'ok').length;
    assert.ok(ok > 0.8 * patient.length, `${ok} of ${patient.length} went well`);
    // Each was counted once, too.
    await untilIdle(router);
    const { requests } = await router.dashboard();
    // A hasty client may leave before its request was read.
    assert.ok(requests.total <= patient.length + hasty.length);
    const crashed = router.logs().filter(({ level }) => (level ?? 0) >= 50);
    assert.deepEqual(crashed, []);
  } finally {
    assert.equal(await router.stop(), 0);
    await Promise.all(engines.map((engine) => engine.close()));
  }
});

interface Load {
  readonly patient: Outcome[];
  readonly hasty: Outcome[];
}

async function load(router: RunningRouter, engines: readonly Sim[]): Promise<Load> {
  const untilMs = performance.now() + LASTS_MS;
  let sent = 0;
  const next = () => (performance.now() < untilMs ? chatRequest(MODEL, sent++ % 3 > 0) : undefined);
  const patient: Outcome[] = [];
  const hasty: Outcome[] = [];
  const clients = [0, ...HASTE_MS].map((haste) => new LoadClient(router.port, haste || 20_000));
  const loops = clients.map((client, index) =>
    index === 0
      ? closedLoop(client, PATIENT_CLIENTS, next, (outcome) => patient.push(outcome))
      : closedLoop(client, HASTY_CLIENTS / HASTE_MS.length, next, (outcome) => hasty.push(outcome)),
  );
  // Now and then an engine is gone for a while.
  const away = setInterval(() => {
    const engine = engines[sent % engines.length]!;
    void engine.setOptions({ refuse: true });
    setTimeout(() => void engine.setOptions({ refuse: false }), 300);
  }, 1500);
  await Promise.all(loops);
  clearInterval(away);
  await sleep(400);
  for (const client of clients) client.close();
  return { patient, hasty };
}

function assertHonest({ kind, stream, status, text }: Outcome): void {
  switch (kind) {
    case 'ok':
      return;
    case 'refused':
      assert.ok([429, 500, 502, 503, 504].includes(status), text);
      assert.match(text, /\r\nx-should-retry: false\r\n/i);
      assert.match(text, /\{"error":/);
      return;
    case 'broken':
      assert.equal(status, 200, text);
      assert.ok(!text.includes('[DONE]'), text);
      if (stream) assert.match(text, /\r\ndata: \{"error":\{[^\n]+\}\}\n\n\r\n$/);
      return;
    default:
      assert.fail(`${kind}: ${text}`);
  }
}

function countOf(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
