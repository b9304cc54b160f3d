/** The dashboard of a router with 2,000 endpoints, few of them drawn, all found; and with none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSim } from '../../src/sim/engine.ts';
import { startRouter } from '../fakes/router.ts';
import { untilPasses } from '../fakes/until.ts';
import { NO_BROWSER, openBrowser } from './browser.ts';
import { openPlace } from './places.ts';

const COUNT = 2000;

test('a table of 2,000 endpoints draws what is in sight', {
  skip: NO_BROWSER || false,
}, async () => {
  const sim = await startSim({ model: 'm', disableMetrics: true });
  // One engine under many paths: each is an endpoint of its own to the router.
  const endpoints = Array.from({ length: COUNT }, (_, index) => ({
    url: `${sim.url}/e${index}/v1`,
    model: `model-${index % 40}`,
  }));
  const router = await startRouter({ endpoints, waitUntilUp: false });
  const browser = await openBrowser(`${router.operationsUrl}/#/endpoints?sort=endpoint`);
  try {
    const { page } = browser;
    await page.locator('.shown', { hasText: '2000 endpoints' }).waitFor();
    const rows = page.locator('table.endpoints tbody tr:not(.gap)');
    assert.ok((await rows.count()) < 80);
    await page.locator('.table-box').focus();
    await page.keyboard.press('End');
    await page.locator('tr.selected').waitFor();
    await page.locator(`tr.selected[aria-rowindex="${COUNT + 1}"]`).waitFor();
    assert.ok((await rows.count()) < 80);
    await page.keyboard.press('/');
    await page.keyboard.type('/e1234/');
    await rows.filter({ hasText: 'e1234' }).waitFor();
    await untilPasses(async () => assert.equal(await rows.count(), 1));
  } finally {
    await browser.close();
    await router.stop();
    await sim.close();
  }
});

test('without endpoints it says how to begin', { skip: NO_BROWSER || false }, async () => {
  const router = await startRouter({ endpoints: [] });
  const browser = await openBrowser(`${router.operationsUrl}/`);
  try {
    for (const hash of ['overview', 'endpoints']) {
      await openPlace(browser.page, hash, /No endpoints are configured yet\. Add one to a file/);
    }
  } finally {
    await browser.close();
    await router.stop();
  }
});
