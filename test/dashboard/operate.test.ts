/**
 * What an operator does with the web dashboard while a fleet has real troubles under load: from
 * opening the page, a sick engine and its cause are found and the engine is drained within a
 * minute, with the mouse alone and with keys alone; then the other actions.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { untilPasses } from '../fakes/until.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { FAILING, REFUSING, startTroubledFleet, type TroubledFleet } from './fleet.ts';
import { openPlace } from './places.ts';

/** From opening the page to a sick engine that drains. */
const MOST_MS = 60_000;
const MOST_CLICKS = 3;
const MOST_KEYS = 4;

describe('an operator', { skip: NO_BROWSER || false }, () => {
  let fleet: TroubledFleet;
  let browser: Browser;
  let page: Page;

  before(async () => {
    fleet = await startTroubledFleet();
    browser = await openBrowser(`${fleet.router.operationsUrl}/`);
    page = browser.page;
    // The troubles are there before somebody looks.
    await openPlace(page, 'overview', /(?=.*deepseek-v3@)(?=.*127\.0\.0\.1:9\/)/s);
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

  /** As somebody who has typed the address: nothing is open, nothing has the focus. */
  async function openAnew(): Promise<number> {
    await page.goto('about:blank');
    const openedMs = performance.now();
    await page.goto(`${fleet.router.operationsUrl}/`);
    return openedMs;
  }

  /** Clicks where it can be seen without scrolling, and nothing lies above it. */
  async function clickInSight(target: Locator): Promise<void> {
    await target.waitFor();
    const { x, y, width, height } = (await target.boundingBox())!;
    const window = page.viewportSize()!;
    const isInSight = x >= 0 && y >= 0 && x + width <= window.width && y + height <= window.height;
    assert.ok(isInSight, `${target} is at ${x}, ${y}`);
    await target.click();
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

  test('finds a sick engine with its cause, and drains it, with the mouse alone', async () => {
    const openedMs = await openAnew();
    const wrong = page.getByRole('listitem').filter({ hasText: 'deepseek-v3@' });
    // Before any click: which, why, since when, what to do.
    await wrong.filter({ hasText: /answered with an error|server error|5\d\d/ }).waitFor();
    const clicks = [
      wrong.getByRole('link', { name: /^deepseek-v3@/ }),
      page.getByRole('button', { name: 'Drain' }),
      page.getByRole('dialog', { name: 'Drain' }).getByRole('button', { name: 'Drain' }),
    ];
    assert.ok(clicks.length <= MOST_CLICKS);
    for (const click of clicks) await clickInSight(click);
    await page.getByRole('status').filter({ hasText: 'Drain: done.' }).waitFor();
    await page.getByRole('main').filter({ hasText: 'An operator drains it' }).waitFor();
    assert.ok(performance.now() - openedMs < MOST_MS);
    assert.equal(await stateOf(FAILING), 'draining');
  });

  test('finds a sick engine with its cause, and drains it, with keys alone', async () => {
    const openedMs = await openAnew();
    // Before any key: which, why, and what to do.
    const wrong = page.getByRole('listitem').filter({ hasText: '127.0.0.1:9/' });
    await wrong.filter({ hasText: /connection refused.*See whether the engine runs/s }).waitFor();
    const keys = ['2', 'ArrowDown', 'd', 'Enter'];
    assert.ok(keys.length <= MOST_KEYS);
    await page.keyboard.press(keys[0]!);
    await page.getByRole('heading', { name: 'Endpoints' }).waitFor();
    for (const key of keys.slice(1, 3)) await page.keyboard.press(key);
    const dialog = page.getByRole('dialog', { name: 'Drain' });
    await dialog.filter({ hasText: fleet.ids[REFUSING]! }).waitFor();
    await page.keyboard.press(keys[3]!);
    await page.getByRole('status').filter({ hasText: 'Drain: done.' }).waitFor();
    assert.ok(performance.now() - openedMs < MOST_MS);
    assert.equal(await stateOf(REFUSING), 'draining');
    await page.getByRole('row').filter({ hasText: '127.0.0.1:9' }).getByText('Draining').waitFor();
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

  test('asked nobody else, broke no policy, made no error', () => {
    assert.deepEqual(browser.strangers, []);
    assert.deepEqual(browser.faults, []);
  });
});
