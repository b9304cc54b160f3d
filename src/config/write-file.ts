/**
 * Changing a file that others read while it changes: the new text appears at once or not at all
 * (written beside it, synced, renamed), the old one stays in a copy, and of two programs that do
 * this at the same time neither loses the other's change (a lock file that grows stale).
 *
 * Invariant: mode, owner and a symbolic link in front of the file stay; a copy's name never ends in
 * `.yaml`, so that it is not read as an endpoint file.
 */
import {
  chmod,
  chown,
  constants,
  copyFile,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const LOCK_TRIES = 100;
const LOCK_PAUSE_MS = 50;
/** Far longer than a change takes, shorter than anybody wants to wait for a crashed program. */
const STALE_LOCK_MS = 4000;
/** An editor may save the file between our reading and our writing. */
const EDIT_TRIES = 5;

/** What `edit` makes of the present text ('' when there is no file); `undefined` = leave it. */
export type Edit = (text: string) => string | undefined;

/** Suffix of the copies of one run: `20261122T093000Z`. */
export function backupStamp(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d+/g, '');
}

/**
 * Changes `file`. Before the first change with a `stamp` the old text is copied to
 * `<file>.<stamp>.bak`; a later change with the same stamp keeps that copy; with '' there
 * is none. Resolves with whether something was written; rejects with the file system's error,
 * or when somebody holds the lock.
 */
export async function changeFile(file: string, edit: Edit, stamp: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true });
  const target = await realpath(file).catch(() => file);
  const unlock = await lock(join(dirname(target), `.${basename(target)}.lock`));
  try {
    for (let attempt = 1; attempt <= EDIT_TRIES; attempt++) {
      const before = await textOf(target);
      const after = edit(before ?? '');
      if (after === undefined || after === (before ?? '')) return false;
      if (before !== undefined && stamp !== '') await keepCopy(target, `${target}.${stamp}.bak`);
      if (await replace(target, before, after)) return true;
    }
    throw new Error(`${file} is being changed by something else all the time`);
  } finally {
    await unlock();
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function keepCopy(file: string, copy: string): Promise<void> {
  try {
    await copyFile(file, copy, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** False when the file is not what `before` says any more. */
async function replace(file: string, before: string | undefined, after: string): Promise<boolean> {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.draft`);
  const kept = await stat(file).catch(() => undefined);
  try {
    const handle = await open(draft, 'w', kept === undefined ? 0o644 : kept.mode & 0o777);
    try {
      await handle.writeFile(after);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (kept !== undefined) {
      await chmod(draft, kept.mode & 0o7777);
      // Only root may give files away; whoever else writes here owns the new one.
      await chown(draft, kept.uid, kept.gid).catch(() => undefined);
    }
    if ((await textOf(file)) !== before) return false;
    await rename(draft, file);
    return true;
  } finally {
    await rm(draft, { force: true });
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let attempt = 1; attempt <= LOCK_TRIES; attempt++) {
    try {
      const handle = await open(path, 'wx');
      await handle.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = await stat(path).catch(() => undefined);
    const isStale = held !== undefined && Date.now() - held.mtimeMs > STALE_LOCK_MS;
    if (isStale) await rm(path, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
  }
  throw new Error(`another program holds ${path}; remove it if that is long gone`);
}
