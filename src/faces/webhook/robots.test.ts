import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert, Robot } from './alert.ts';
import { fleetOf } from './fleet-fixture.ts';
import { type Answer, bodyFor, judge } from './robots.ts';

const MESSAGE = { title: 'T', text: 'one\ntwo & <three>' };
const ALERT: Alert = {
  kind: 'failure',
  fleet: fleetOf({ a: 'failing' }, { requests: 4, succeeded: 3 }),
  troubles: [{ id: 'a', modelName: 'm', cause: 'refused', forMs: 1500, flapping: false }],
  shortFailures: 1,
};

function answer(over: Partial<Answer>): Answer {
  return { status: 200, text: '', retryAfterMs: 0, error: '', ...over };
}

const BODIES: readonly (readonly [Robot, object])[] = [
  ['wecom', { msgtype: 'markdown', markdown: { content: '## T\none\ntwo & <three>' } }],
  [
    'feishu',
    {
      msg_type: 'interactive',
      card: {
        header: { title: { tag: 'plain_text', content: 'T' }, template: 'red' },
        elements: [{ tag: 'markdown', content: 'one\ntwo & <three>' }],
      },
    },
  ],
  [
    'dingtalk',
    { msgtype: 'markdown', markdown: { title: 'T', text: '## T\n\none\n\ntwo & <three>' } },
  ],
  ['slack', { text: '*T*\none\ntwo &amp; &lt;three&gt;' }],
  [
    'json',
    {
      source: 'llm-router',
      title: 'T',
      text: 'one\ntwo & <three>',
      kind: 'failure',
      endpoints: [{ id: 'a', model_name: 'm', cause: 'refused', seconds: 2, flapping: false }],
      healthy: 0,
      total: 1,
      uptime_seconds: 90,
      requests: 4,
      succeeded: 3,
      short_failures: 1,
      models: [{ name: 'm', healthy: 0, total: 1, requests_per_minute: 3 }],
    },
  ],
];

for (const [robot, body] of BODIES) {
  test(`writes what ${robot} reads`, () => {
    assert.deepEqual(JSON.parse(bodyFor(robot, MESSAGE, ALERT)), body);
  });
}

test('cuts what is too long for WeCom', () => {
  const body = bodyFor('wecom', { title: 'T', text: '中'.repeat(3000) }, ALERT);
  const { content } = (JSON.parse(body) as { markdown: { content: string } }).markdown;
  const bytes = Buffer.byteLength(content);
  assert.ok(bytes <= 4096 && bytes > 4093 && content.endsWith('中'));
});

const OUTCOMES: readonly (readonly [string, Robot, Partial<Answer>, string, number])[] = [
  ['takes errcode 0', 'wecom', { text: '{"errcode":0,"errmsg":"ok"}' }, 'delivered', 0],
  ['waits a minute after 45009', 'wecom', { text: '{"errcode":45009}' }, 'limited', 60_000],
  ['tries again when it is busy', 'wecom', { text: '{"errcode":-1}' }, 'failed', 0],
  ['gives up on a wrong key', 'wecom', { text: '{"errcode":93000}' }, 'refused', 0],
  ['gives up on what is no robot', 'wecom', { text: '<html>' }, 'refused', 0],
  ['gives up on other JSON', 'wecom', { text: 'null' }, 'refused', 0],
  ['takes code 0', 'feishu', { text: '{"code":0,"msg":"success"}' }, 'delivered', 0],
  ['takes StatusCode 0', 'feishu', { text: '{"StatusCode":0}' }, 'delivered', 0],
  ['waits after 11232', 'feishu', { text: '{"code":11232}' }, 'limited', 60_000],
  ['gives up without a keyword', 'feishu', { text: '{"code":19024}' }, 'refused', 0],
  ['takes errcode 0', 'dingtalk', { text: '{"errcode":0}' }, 'delivered', 0],
  ['waits ten minutes', 'dingtalk', { text: '{"errcode":130101}' }, 'limited', 600_000],
  ['takes ok', 'slack', { text: 'ok' }, 'delivered', 0],
  ['heeds Retry-After', 'slack', { status: 429, retryAfterMs: 30_000 }, 'limited', 30_000],
  ['bounds Retry-After', 'slack', { status: 503, retryAfterMs: 9e9 }, 'failed', 600_000],
  ['gives up on 404', 'slack', { status: 404, text: 'no_team' }, 'refused', 0],
  ['takes any 2xx', 'json', { status: 204 }, 'delivered', 0],
  ['follows no redirect', 'json', { status: 302 }, 'refused', 0],
  ['tries again after 500', 'json', { status: 500 }, 'failed', 0],
  ['tries again after no answer', 'json', { status: 0, error: 'ECONNREFUSED' }, 'failed', 0],
  ['gives up on a large answer', 'json', { error: 'too-large' }, 'refused', 0],
];

for (const [name, robot, given, kind, waitMs] of OUTCOMES) {
  test(`${robot}: ${name}`, () => {
    const outcome = judge(robot, answer(given));
    assert.deepEqual([outcome.kind, outcome.waitMs], [kind, waitMs]);
    assert.equal(outcome.reason === '', kind === 'delivered');
  });
}

test('survives answers that no robot gives', () => {
  for (const text of [
    '7',
    '"x"',
    '[]',
    '{"errcode":"0"}',
    '{"errcode":1,"errmsg":{"toString":1}}',
  ]) {
    for (const robot of ['wecom', 'feishu', 'dingtalk'] as const) {
      assert.equal(judge(robot, answer({ text })).kind, 'refused', text);
    }
  }
});

test('quotes what the robot said, in few bytes', () => {
  const errmsg = `wrong\n${'x'.repeat(1000)}`;
  const { reason } = judge('wecom', answer({ text: JSON.stringify({ errcode: 1, errmsg }) }));
  assert.match(reason, /^answered code 1: wrong x+$/);
  assert.ok(reason.length < 250);
});
