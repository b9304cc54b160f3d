import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../core/clock.ts';
import { Alerts } from './alerts.ts';
import { fleetOf } from './fleet-fixture.ts';
import type { Answer } from './robots.ts';

const OPTIONS = {
  type: 'wecom',
  url: 'https://robot.example/send?key=canary-1234',
  cooldownMs: 300_000,
  batchIntervalMs: 0,
  reportIntervalActiveMs: 0,
  reportIntervalIdleMs: 0,
} as const;

function rig(text: string) {
  const clock = new FakeClock();
  const bodies: string[] = [];
  const troubles: object[] = [];
  const parts = {
    options: OPTIONS,
    host: 'gate-1',
    nowMs: () => clock.nowMs(),
    chance: () => 0.5,
    later: () => ({ cancel() {} }),
    onTrouble: (trouble: object) => void troubles.push(trouble),
  };
  const answer: Answer = { status: 200, text, retryAfterMs: 0, error: '' };
  const alerts = new Alerts(parts, async (body) => {
    bodies.push(body);
    return answer;
  });
  const delivered = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, bodies, troubles, alerts, delivered };
}

function contents(bodies: readonly string[]): string[] {
  return bodies.map((body) => {
    return (JSON.parse(body) as { markdown: { content: string } }).markdown.content;
  });
}

test('turns what happens to the fleet into messages of the robot', async () => {
  const { clock, bodies, alerts, delivered } = rig('{"errcode":0}');
  alerts.look(fleetOf({ a: 'well', b: 'well' }));
  await delivered();
  clock.advance(5000);
  alerts.failed({ id: 'a', modelName: 'm', voice: 'traffic', cause: 'connect_refused' });
  alerts.look(fleetOf({ a: 'failing', b: 'well' }));
  await delivered();
  clock.advance(7000);
  alerts.look(fleetOf({ a: 'well', b: 'well' }));
  const [start, failure, recovery] = contents(bodies);
  assert.match(start!, /^## LLM Router: started\nrouter: `gate-1`\n.*2 of 2 healthy/);
  assert.match(failure!, /1 endpoint failing\n[\s\S]*- `a`: connect_refused, for 0 s$/);
  assert.match(recovery!, /1 endpoint recovered\n[\s\S]*- `a` works again after 7 s$/);
  alerts.stop();
});

test('says what did not arrive, without the key that the robot quotes', async () => {
  const errmsg = 'wrong key canary-1234';
  const { troubles, alerts, delivered } = rig(JSON.stringify({ errcode: 93000, errmsg }));
  alerts.look(fleetOf({ a: 'well' }));
  await delivered();
  assert.deepEqual(troubles, [
    {
      lost: true,
      reason: 'answered code 93000: wrong key ***',
      attempt: 1,
      lostSoFar: 1,
      receiver: 'https://robot.example/***',
    },
  ]);
});
