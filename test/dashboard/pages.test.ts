/**
 * The web dashboard in a browser, before a router with real troubles under load: each page does
 * what it is there for, in the language and the theme that its visitor likes, and nothing that its
 * security policy forbids.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../fakes/until.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { startTroubledFleet, type TroubledFleet } from './fleet.ts';
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

  test('asked nobody else, broke no policy, made no error', () => {
    assert.deepEqual(browser.strangers, []);
    assert.deepEqual(browser.faults, []);
  });
});
