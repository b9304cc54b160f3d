/** What the dashboard does while it hears nothing: it asks instead, or says how old it is. */
import { after, before, describe, test } from 'node:test';
import { type RunningRouter, startRouter } from '../fakes/router.ts';
import { type Browser, NO_BROWSER, openBrowser } from './browser.ts';
import { openPlace } from './places.ts';

describe('the dashboard', { skip: NO_BROWSER || false }, () => {
  let router: RunningRouter;
  let browser: Browser;

  before(async () => {
    router = await startRouter({ endpoints: [] });
    browser = await openBrowser(`${router.operationsUrl}/`);
  });
  after(async () => {
    await browser?.close();
    await router?.stop();
  });

  test('polls where events do not come through', async () => {
    const second = await browser.context.newPage();
    await second.route('**/api/live', (route) => route.abort());
    await second.goto(`${router.operationsUrl}/`);
    await second.locator('.connection.polling').waitFor();
    await second.locator('main', { hasText: 'What is wrong now' }).waitFor();
    await second.close();
  });

  test('says that what it shows is old while the router stands still', async () => {
    const { page } = browser;
    await openPlace(page, 'overview', /What is wrong now/);
    process.kill(router.pid, 'SIGSTOP');
    try {
      await page.locator('.banner').waitFor({ timeout: 30_000 });
      await page.locator('.connection.lost').waitFor({ timeout: 30_000 });
    } finally {
      process.kill(router.pid, 'SIGCONT');
    }
    await page.locator('.banner').waitFor({ state: 'detached', timeout: 30_000 });
    await page
      .locator('.connection')
      .filter({ hasText: /Live|Polling/ })
      .waitFor();
  });
});
