/** Debian's chromium without a window, as pictures and tests of the dashboard use it. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

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
  close(): Promise<void>;
}

export async function openBrowser(width = 1360, height = 860): Promise<Browser> {
  const dir = await mkdtemp(join(tmpdir(), 'llm-router-chromium-'));
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: PATH,
    headless: true,
    args: FLAGS,
    viewport: { width, height },
    locale: 'en-US',
    reducedMotion: 'reduce',
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
