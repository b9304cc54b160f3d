/** The page is small: it opens over a slow tunnel, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPage } from '../../tools/build/page.ts';

/** In thousands, as networks count: half a second at 1 Mbit/s. */
const MAX_BYTES = 60_000;

test('all files of the dashboard together are at most 60 KB, compressed', async () => {
  const sizes = (await buildPage()).map(({ path, content }) => {
    return { path, bytes: Buffer.from(content, 'base64').length };
  });
  const sum = sizes.reduce((all, { bytes }) => all + bytes, 0);
  assert.ok(sum <= MAX_BYTES, `${sum} bytes: ${JSON.stringify(sizes)}`);
});
