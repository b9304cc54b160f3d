/** The places of the dashboard, and going there. */
import type { Page } from 'playwright-core';

/** The address, and what must be on the page when it is drawn. */
export const PLACES: readonly (readonly [hash: string, shown: RegExp])[] = [
  ['overview', /What is wrong now.*Requests.*First token.*Models.*Sources.*System/s],
  ['endpoints', /Healthy.*127\.0\.0\.1/s],
  ['charts', /Sent per minute.*Time to first token.*KV cache/s],
  ['charts?by=model&range=15m', /By model/],
  ['requests', /Running now.*Last failures/s],
  ['log', /route table/],
  ['config', /server\.port.*routing\.strategy/s],
];

/** Resolves when the page has drawn what must be there. */
export async function openPlace(page: Page, hash: string, shown: RegExp): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${hash}`)}`);
  await page.locator('main').filter({ hasText: shown }).waitFor({ timeout: 10_000 });
}
