/**
 * Each page of the dashboard shows what it is about and breaks no rule of accessible pages that
 * axe-core knows (WCAG 2.2 AA), in both themes.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { NO_BROWSER, openBrowser } from './browser.ts';
import { FAILING, startTroubledFleet } from './fleet.ts';
import { openPlace, PLACES } from './places.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ALL = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";
/** What depends on the theme. */
const CONTRAST = "['color-contrast']";

test('each page is accessible, in both themes', { skip: NO_BROWSER || false }, async () => {
  const fleet = await startTroubledFleet();
  const browser = await openBrowser(`${fleet.router.operationsUrl}/`);
  const { page } = browser;
  const sick = `endpoints/${encodeURIComponent(fleet.ids[FAILING]!)}`;
  try {
    await openPlace(page, 'overview', /connection refused/);
    await page.evaluate(axe);
    for (const [hash, shown] of [...PLACES, [sick, /Facts/] as const]) {
      await openPlace(page, hash, shown);
      for (const theme of ['light', 'dark']) {
        await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
        const found = await violations(page, theme === 'light' ? ALL : CONTRAST);
        assert.deepEqual(found, [], `${hash}, ${theme}`);
      }
    }
    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    assert.deepEqual(await violations(page, ALL), [], 'the help');
  } finally {
    await browser.close();
    await fleet.stop();
  }
});

/** A sentence each; `rules` are tags or names of axe's. */
async function violations(page: Page, rules: string): Promise<string[]> {
  return (await page.evaluate(
    `axe.run({ runOnly: ${rules}, resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map((node) =>
        node.html.slice(0, 160) + ' ' + node.failureSummary).join(' | ')))`,
  )) as string[];
}
