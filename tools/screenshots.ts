/**
 * Takes the pictures of the web dashboard in docs/images: each page in both themes and languages,
 * of a small fleet with troubles under load. Needs dist/ and chromium:
 *   node tools/build.ts && node tools/screenshots.ts [PAGE ...]
 */
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { NO_BROWSER, openBrowser } from '../test/dashboard/browser.ts';
import { FAILING, startTroubledFleet } from '../test/dashboard/fleet.ts';

const FOLDER = 'docs/images';
/** Long enough for rates over a minute and for lines that fill their charts. */
const WARM_UP_MS = Number(process.env.WARM_UP_MS ?? 130_000);
const SETTLE_MS = 2500;

if (NO_BROWSER !== '') throw new Error(NO_BROWSER);
await mkdir(FOLDER, { recursive: true });
const fleet = await startTroubledFleet();
const browser = await openBrowser(`${fleet.router.operationsUrl}/`);
try {
  const { page } = browser;
  await page.waitForTimeout(WARM_UP_MS);
  const sick = encodeURIComponent(fleet.ids[FAILING]!);
  const all: readonly (readonly [name: string, hash: string])[] = [
    ['overview', 'overview'],
    ['endpoints', 'endpoints'],
    ['endpoint', `endpoints/${sick}`],
    ['charts', 'charts?by=model'],
    ['requests', 'requests'],
    ['log', 'log'],
    ['config', 'config'],
  ];
  const wanted = process.argv.slice(2);
  const places = all.filter(([name]) => wanted.length === 0 || wanted.includes(name));
  for (const language of ['en', 'zh']) {
    for (const theme of ['light', 'dark']) {
      await prefer(page, language, theme);
      for (const [name, hash] of places) await shoot(page, hash, `${name}-${theme}-${language}`);
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [name, hash] of places) await shoot(page, hash, `${name}-phone`);
} finally {
  await browser.close();
  await fleet.stop();
}

async function prefer(page: Page, language: string, theme: string): Promise<void> {
  // A text, since this project's scripts do not know a browser's names.
  await page.evaluate(
    `localStorage.setItem('llm-router.language', '${language}');` +
      `localStorage.setItem('llm-router.theme', '${theme}')`,
  );
  await page.reload();
}

async function shoot(page: Page, hash: string, name: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${hash}`)}`);
  await page.waitForTimeout(SETTLE_MS);
  await page.screenshot({ path: `${FOLDER}/web-${name}.png` });
}
