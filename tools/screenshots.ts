/**
 * Takes the pictures of the web dashboard in docs/images: each page in both themes and languages,
 * of a small fleet with troubles under load. Needs chromium and four minutes:
 *   npm run screenshots [-- PAGE ...]
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
  await makeFailures(fleet.router.url);
  const sick = encodeURIComponent(fleet.ids[FAILING]!);
  const all: readonly (readonly [name: string, hash: string])[] = [
    ['overview', 'overview'],
    ['endpoints', 'endpoints'],
    ['endpoint', `endpoints/${sick}`],
    ['charts', 'charts?by=model'],
    ['requests', 'requests'],
    // Which one, is looked up each time: requests are soon forgotten.
    ['request', ''],
    ['log', 'log'],
    ['config', 'config'],
  ];
  const rescued = async () => `requests/${await rescuedRequest(fleet.router.operationsUrl)}`;
  const wanted = process.argv.slice(2);
  const places = all.filter(([name]) => wanted.length === 0 || wanted.includes(name));
  for (const language of ['en', 'zh']) {
    for (const theme of ['light', 'dark']) {
      await prefer(page, language, theme);
      for (const [name, hash] of places) {
        await shoot(page, hash || (await rescued()), `${name}-${theme}-${language}`);
      }
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  for (const [name, hash] of places) await shoot(page, hash || (await rescued()), `${name}-phone`);
} finally {
  await browser.close();
  await fleet.stop();
}

/** Clients that ask for what there is not. */
async function makeFailures(apiUrl: string): Promise<void> {
  for (const model of ['qwen3-23b', 'gpt-4o']) {
    await fetch(`${apiUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  }
}

/** The id of the last one that a retry saved. */
async function rescuedRequest(operationsUrl: string): Promise<string> {
  const answer = await fetch(`${operationsUrl}/admin/requests?limit=1000`);
  const { requests } = (await answer.json()) as {
    requests: { readonly id: string; readonly attempts: number; readonly outcome: string | null }[];
  };
  const rescued = requests.find(({ attempts, outcome }) => attempts > 1 && outcome === 'ok');
  if (rescued === undefined) throw new Error('no request was saved by a retry: warm up for longer');
  return rescued.id;
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
