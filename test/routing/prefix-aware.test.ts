/**
 * The router's strategies over real HTTP: prompts reach the endpoint that holds them, sessions stay
 * together, a shadow speaks, traffic is recorded.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type Sim, startSim } from '../../src/sim/engine.ts';
import { DEFAULT_PROFILE } from '../../src/simulate/engine-profile.ts';
import { readTrace } from '../../src/simulate/trace.ts';
import { trafficOf } from '../../src/simulate/trace-fixture.ts';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { replayOverHttp } from './http-replay.ts';

const MODEL = 'm';
const sims: Sim[] = [];

before(async () => {
  for (let at = 0; at < 4; at++) sims.push(await startSim({ model: MODEL, enableKvcache: true }));
});

after(async () => {
  for (const sim of sims) await sim.close();
});

function router(routing: Record<string, unknown>, args: string[] = []): Promise<RunningRouter> {
  const endpoints = sims.map(({ url }) => ({ url, model: MODEL }));
  return startRouter({ endpoints, args, config: { routing, server: { workers: 2 } } });
}

/** Which engine answered this body, by its count of requests. */
async function askedEngine(
  port: number,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<number> {
  const earlier = sims.map((sim) => sim.stats().received);
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: MODEL, max_tokens: 2, ...body }),
  });
  assert.equal(response.status, 200, await response.text());
  return sims.findIndex((sim, at) => sim.stats().received > earlier[at]!);
}

const user = (content: string) => ({ role: 'user', content });
const past = (turn: number) => user(`turn ${turn}: ${`${turn} and more. `.repeat(400)}`);

test('each turn of a conversation goes to the engine that holds the ones before', async () => {
  const running = await router({ strategy: 'prefix-aware' });
  try {
    const homes = new Set<number>();
    for (let conversation = 0; conversation < 6; conversation++) {
      const messages = [past(conversation * 100)];
      const home = await askedEngine(running.port, { messages, stream: true });
      homes.add(home);
      for (let turn = 1; turn < 4; turn++) {
        messages.push({ role: 'assistant', content: 'yes' }, past(conversation * 100 + turn));
        assert.equal(await askedEngine(running.port, { messages, stream: turn % 2 === 0 }), home);
      }
    }
    assert.ok(homes.size > 1, 'new conversations go to the coldest');
  } finally {
    await running.stop();
  }
});

test('a session stays on its engine, whichever way it is named', async () => {
  const running = await router({ strategy: 'simple-shuffle', session_affinity: true });
  try {
    for (const [headers, body] of [
      [{ 'X-Session-ID': 'one' }, {}],
      [{ 'x-claude-code-session-id': 'two' }, {}],
      [{}, { user: 'three' }],
      [{}, { messages: [past(7)] }],
    ] as [Record<string, string>, Record<string, unknown>][]) {
      const engines = new Set<number>();
      for (let again = 0; again < 6; again++) {
        const messages = [user(`question ${again}`)];
        engines.add(await askedEngine(running.port, { messages, ...body }, headers));
      }
      assert.equal(engines.size, 1, JSON.stringify([headers, Object.keys(body)]));
    }
  } finally {
    await running.stop();
  }
});

test('a shadow only speaks, and a recording has the shape of the traffic and no text', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'llm-router-record-'));
  const file = join(dir, 'traffic.jsonl');
  try {
    const routing = { strategy: 'simple-shuffle', shadow: 'prefix-aware' };
    const running = await router(routing, ['-record', file]);
    const engines = new Set<number>();
    for (let again = 0; again < 16; again++) {
      engines.add(await askedEngine(running.port, { messages: [past(1)], stream: true }));
    }
    await running.stop();
    assert.ok(engines.size > 1, 'the shuffle decides');
    assert.match(running.child.output, /"shadow":"prefix-aware","decisions":\d+,"elsewhere":\d+/);
    const text = readFileSync(file, 'utf8');
    assert.ok(!text.includes('turn'), text);
    const trace = readTrace(text);
    if (typeof trace === 'string') assert.fail(trace);
    assert.equal(trace.requests.length, 16);
    const [first, ...others] = trace.requests;
    assert.ok(first!.promptTokens > 1_000 && first!.blocks.length > 8, JSON.stringify(first));
    for (const other of others) assert.deepEqual(other.blocks, first!.blocks);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

// Times would be those of a busy machine; what is placed where is not. The long run has the times.
test('a trace finds more of its prompts in caches than by counting requests', async () => {
  const trace = trafficOf({ seed: 5, requests: 60, perSecond: 2.5, kind: 'conversations' });
  const profile = { ...DEFAULT_PROFILE, prefillTokensPerSecond: 40_000 };
  const shared = { trace, profile, engines: 4, speed: 16 };
  const counted = await replayOverHttp({ ...shared, strategy: 'least-connections' });
  const aware = await replayOverHttp({ ...shared, strategy: 'prefix-aware' });
  const text = JSON.stringify({ counted, aware });
  assert.equal(counted.failed + aware.failed, 0, text);
  assert.ok(aware.hitRatio > 1.3 * counted.hitRatio, text);
});
