/** With a token the dashboard shows nothing before it is given, and nothing after signing out. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { startTroubledFleet, type TroubledFleet } from './fleet.ts';
import { openPlace } from './places.ts';

const TOKEN = 'a-token-of-this-test';

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
