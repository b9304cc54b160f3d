/**
 * The web dashboard in a browser, before a router with real troubles under load: an operator finds
 * and drains a sick engine by mouse and by keys alone, in the language and the theme that they
 * like, and the page does nothing that its security policy forbids.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { until, untilPasses } from '../fakes/until.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { FAILING, REFUSING, startTroubledFleet, type TroubledFleet } from './fleet.ts';
import { openPlace, PLACES } from './places.ts';

describe('the dashboard', { skip: NO_BROWSER || false }, () => {
  let fleet: TroubledFleet;
  let browser: Browser;
  let page: Page;

  before(async () => {
    fleet = await startTroubledFleet();
    browser = await openBrowser(`${fleet.router.operationsUrl}/`);
    page = browser.page;
  });
  after(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  const open = (hash: string, shown: RegExp) => openPlace(page, hash, shown);

  const endpointHash = (index: number) => `endpoints/${encodeURIComponent(fleet.ids[index]!)}`;

  async function stateOf(index: number): Promise<string> {
    const { operationsUrl } = fleet.router;
    const path = `/admin/endpoints/${encodeURIComponent(fleet.ids[index]!)}`;
    const row = (await (await fetch(operationsUrl + path)).json()) as { state: string };
    return row.state;
  }

  test('names the endpoint that refuses connections, why, and what to do', async () => {
    await open('overview', /127\.0\.0\.1:9.*connection refused/s);
    const row = page.locator('.problems li', { hasText: '127.0.0.1:9/' });
    assert.match(await row.innerText(), /health checks fail.*See whether the engine runs/s);
  });

  test('finds an endpoint by the key / and a word of what is wrong with it', async () => {
    await open('overview', /What is wrong/);
    await page.keyboard.press('2');
    await page.locator('table.endpoints').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('refused');
    const rows = page.locator('table.endpoints tbody tr:not(.gap)');
    // It stands there before the others go.
    await rows.filter({ hasText: '127.0.0.1:9' }).waitFor();
    await untilPasses(async () => {
      assert.equal(await rows.count(), 1);
      assert.match(page.url(), /q=refused/);
    });
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
  });

  test('a sick engine is found and drained by keys alone', async () => {
    await open('endpoints?q=deepseek', /2 of 6 endpoints/);
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('d');
    const dialog = page.locator('dialog[open]');
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /Drain.*deepseek-v3@/s);
    await page.keyboard.press('Enter');
    await page.locator('.news', { hasText: 'Drain: done.' }).waitFor();
    assert.equal(await stateOf(FAILING), 'draining');
    await page.locator('tr.draining').waitFor();
  });

  test('what was drained is enabled by mouse from its own page', async () => {
    await open(endpointHash(FAILING), /An operator drains it/);
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Enable' }).click();
    await page.locator('.news', { hasText: 'Enable: done.' }).waitFor();
    assert.notEqual(await stateOf(FAILING), 'draining');
  });

  test('a weight is changed by keys alone', async () => {
    await open(endpointHash(FAILING), /Facts/);
    await page.keyboard.press('w');
    await page.locator('dialog[open] input:focus').waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('2.5');
    await page.keyboard.press('Enter');
    await page.locator('.news', { hasText: 'Weight: done.' }).waitFor();
    await page.locator('.facts', { hasText: /Weight\s*2\.5/ }).waitFor();
  });

  test('a check tells what was found', async () => {
    await open(endpointHash(REFUSING), /Facts/);
    await page.keyboard.press('c');
    await page.locator('.news', { hasText: /connection refused/ }).waitFor();
  });

  test('speaks Chinese and turns dark when told to, and remembers both', async () => {
    await open('overview', /What is wrong now/);
    await page.getByRole('button', { name: /简体中文/ }).click();
    await page.locator('main', { hasText: /当前问题.*健康检查失败：连接被拒绝。/s }).waitFor();
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.getByRole('button', { name: /^主题/ }).click();
    const light = await ground();
    await page.getByRole('button', { name: /^主题/ }).click();
    await until('the ground is dark', async () => (await ground()) !== light);
    await page.reload();
    await page.locator('main', { hasText: '当前问题' }).waitFor();
    await page.locator('html[lang="zh-CN"][data-theme="dark"]').waitFor();
    await page.keyboard.press('l');
    await page.locator('main', { hasText: 'What is wrong now' }).waitFor();
  });

  test('gives the table of endpoints as a file', async () => {
    await open('endpoints', /6 endpoints/);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const lines = readFileSync(await file.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    assert.match(lines[0]!, /^Endpoint,State,Since,Reason,Model,/);
    assert.equal(lines.length, 7);
  });

  test('shows the numbers behind a chart as a table', async () => {
    await open('charts', /Sent per minute/);
    const chart = page.getByRole('region', { name: 'Sent per minute' }).first();
    await chart.getByRole('button', { name: 'Sent per minute: Table' }).click();
    await chart.locator('tbody td').first().waitFor();
    assert.match(await chart.locator('thead').innerText(), /Time\s+Sent per minute/);
  });

  test('shows what a reload would change before it reloads', async () => {
    await open('config', /routing\.strategy/);
    await page.getByRole('button', { name: /^Reload/ }).click();
    const dialog = page.locator('dialog[open]', { hasText: 'Nothing would change.' });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('explains a request by its id', async () => {
    const { url } = fleet.router;
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Request-Id': 'one-to-explain' },
      body: JSON.stringify({ model: 'no-such-model', messages: [] }),
    });
    assert.equal(answer.status, 404);
    await open('requests', /Last failures/);
    await page.keyboard.press('/');
    await page.keyboard.type('one-to-explain');
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: 'one-to-explain' }).waitFor();
    await page.locator('.facts', { hasText: '404' }).waitFor();
  });

  test('polls where events do not come through', async () => {
    const second = await browser.context.newPage();
    await second.route('**/api/live', (route) => route.abort());
    await second.goto(`${fleet.router.operationsUrl}/`);
    await second.locator('.connection.polling').waitFor();
    await second.locator('main', { hasText: 'What is wrong now' }).waitFor();
    await second.close();
  });

  test('nothing of any page is wider than a window of 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [hash, shown] of [...PLACES, [endpointHash(0), /Facts/] as const]) {
      await open(hash, shown);
      const width = await page.evaluate(
        `Math.max(...['html', 'main'].map((name) => document.querySelector(name).scrollWidth))`,
      );
      assert.ok((width as number) <= 360, `${hash} is ${width} wide`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('says that what it shows is old while the router stands still', async () => {
    await open('overview', /What is wrong now/);
    process.kill(fleet.router.pid, 'SIGSTOP');
    try {
      await page.locator('.banner').waitFor({ timeout: 30_000 });
    } finally {
      process.kill(fleet.router.pid, 'SIGCONT');
    }
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 30_000 });
  });

  test('asked nobody else, broke no policy, made no error', () => {
    assert.deepEqual(browser.strangers, []);
    assert.deepEqual(browser.faults, []);
  });
});
