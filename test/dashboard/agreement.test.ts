/**
 * What the dashboard shows after a load is what /metrics says and what the engines counted
 * themselves, endpoint by endpoint; and with a token nothing is shown before it is given.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { startTroubledFleet, type TroubledFleet } from './fleet.ts';
import { openPlace } from './places.ts';

const TOKEN = 'a-token-of-this-test';
const LOAD_MS = 3000;

describe('the dashboard of a router with a token', { skip: NO_BROWSER || false }, () => {
  let fleet: TroubledFleet;
  let browser: Browser;
  let page: Page;

  before(async () => {
    fleet = await startTroubledFleet(TOKEN);
    browser = await openBrowser(`${fleet.router.operationsUrl}/`);
    page = browser.page;
  });
  after(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  test('asks for the token, refuses a wrong one, and opens with the right one', async () => {
    const form = page.locator('form.sign-in');
    await form.waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /127\.0\.0\.1|qwen/);
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await form.filter({ hasText: 'This is not the token.' }).waitFor();
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await openPlace(page, 'overview', /What is wrong now/);
    await page.locator('.connection.live').waitFor();
  });

  test('shows what /metrics says and what the engines counted', async () => {
    await new Promise((done) => setTimeout(done, LOAD_MS));
    await fleet.stopLoad();
    await openPlace(page, 'endpoints', /127\.0\.0\.1/);
    await page.evaluate(
      "localStorage.setItem('llm-router.columns', 'connections,total_requests,completed,errors')",
    );
    await page.reload();
    await openPlace(page, 'overview', /In flight00 without/);
    await openPlace(page, 'endpoints', /Attempts/);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const text = await (await fetch(`${fleet.router.operationsUrl}/metrics`, { headers })).text();
    for (const [index, sim] of fleet.sims.entries()) {
      const [model, base] = fleet.ids[index]!.split('@') as [string, string];
      const labels = `{model="${model}",endpoint="${base}"`;
      const sent = metric(text, `llm_router_endpoint_requests_sent_total${labels}}`);
      const ok = metric(text, `llm_router_endpoint_attempts_total${labels},outcome="ok"}`);
      const row = page.locator('table.endpoints tbody tr', {
        has: page.locator(`[title="${fleet.ids[index]}"]`),
      });
      const cell = async (column: string) => Number(await row.locator(column).innerText());
      const { received, completed } = sim.stats();
      assert.ok(sent > 0);
      assert.deepEqual([sent, received], [await cell('.column-total_requests'), sent], base);
      assert.deepEqual([ok, completed], [await cell('.column-completed'), ok], base);
    }
  });

  test('shows nothing any more after signing out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('form.sign-in').waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /127\.0\.0\.1|qwen/);
    assert.equal(
      (await page.request.get(`${fleet.router.operationsUrl}/admin/status`)).status(),
      401,
    );
  });
});

function metric(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}
