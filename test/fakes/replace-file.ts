/**
 * Changing a file at once. Writing in place empties it first, and a router that reads it in that
 * moment sees an empty file, which is a valid configuration.
 */
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The new text lies in a hidden file beside it until it is whole. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.${basename(path)}.next`);
  await writeFile(next, text);
  await rename(next, path);
}
