import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startWecomRobot, type WecomRobot } from './wecom-robot.ts';

async function robotOf(t: TestContext): Promise<WecomRobot> {
  const robot = await startWecomRobot('k');
  t.after(() => robot.close());
  return robot;
}

async function send(url: string, body: string): Promise<number> {
  const response = await fetch(url, { method: 'POST', body });
  assert.equal(response.status, 200);
  return ((await response.json()) as { errcode: number }).errcode;
}

function markdown(content: unknown): string {
  return JSON.stringify({ msgtype: 'markdown', markdown: { content } });
}

test('takes 20 messages a minute', async (t) => {
  const { url, messages } = await robotOf(t);
  for (let sent = 0; sent < 20; sent++) assert.equal(await send(url, markdown(`${sent}`)), 0);
  assert.equal(await send(url, markdown('one more')), 45_009);
  assert.equal(messages.length, 20);
});

test('takes 4,096 bytes of UTF-8 and no more', async (t) => {
  const { url } = await robotOf(t);
  assert.equal(await send(url, markdown(`${'中'.repeat(1365)}a`)), 0);
  assert.equal(await send(url, markdown('中'.repeat(1366))), 40_058);
});

test('refuses wrong keys and wrong shapes', async (t) => {
  const { url, messages } = await robotOf(t);
  assert.equal(await send(`${url}x`, markdown('a')), 93_000);
  for (const body of ['', '{', 'null', markdown(''), markdown(1), '{"msgtype":"text"}']) {
    assert.equal(await send(url, body), 40_008, body);
  }
  assert.deepEqual(messages, []);
});
