/**
 * Debian's chromium without a window, for tests and pictures of the dashboard. It notes what a page
 * must not do: ask other hosts, break its own security policy, fail.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PATH = '/usr/bin/chromium';
/** It must not look for anything but the page it is shown. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why there is no browser; '' = there is one. */
export const NO_BROWSER = existsSync(PATH) ? '' : `${PATH} is not installed`;

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Addresses of requests to other origins than the first page's. */
  readonly strangers: readonly string[];
  /** Errors of the page, and breaches of its Content-Security-Policy. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export async function openBrowser(url: string, width = 1280, height = 800): Promise<Browser> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-chromium-'));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: PATH,
    headless: true,
    args: FLAGS,
    viewport: { width, height },
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const strangers: string[] = [];
  const faults: string[] = [];
  const { origin } = new URL(url);
  context.on('request', (request) => {
    const asked = request.url();
    if (!/^(data|blob):/.test(asked) && new URL(asked).origin !== origin) strangers.push(asked);
  });
  page.on('pageerror', (error) => faults.push(String(error.stack)));
  page.on('console', (message) => {
    // What the router refuses is told by the page itself; chromium tells it once more.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) faults.push(message.text());
  });
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) =>
      console.error('policy:', event.violatedDirective, event.blockedURI))`,
  );
  await page.goto(url);
  return {
    ...{ context, page, strangers, faults },
    async close() {
      await context.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
