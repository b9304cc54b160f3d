/**
 * The few things logs do with files, so that tests can play a full disk. Errors are Node's own,
 * with their `code`.
 */
import { mkdir, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface AppendedFile {
  readonly id: string;
  /** Bytes it held when it was opened. */
  readonly sizeBytes: number;
  /** Resolves with how many bytes were taken. */
  write(bytes: Buffer): Promise<number>;
  close(): Promise<void>;
}

export interface Files {
  /** Makes the folder and the file where they are missing. */
  openToAppend(path: string): Promise<AppendedFile>;
  /** What a file is under any name; '' = there is none. */
  idOf(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  list(folder: string): Promise<string[]>;
  remove(path: string): Promise<void>;
  /** A new file for its owner alone; never one that exists, nor through a link. */
  createPrivate(path: string, text: string): Promise<void>;
}

export const realFiles: Files = {
  async openToAppend(path) {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a', 0o640);
    const { dev, ino, size } = await handle.stat();
    return {
      id: `${dev}:${ino}`,
      sizeBytes: size,
      write: async (bytes) => (await handle.write(bytes, 0, bytes.length)).bytesWritten,
      close: () => handle.close(),
    };
  },
  async idOf(path) {
    try {
      const { dev, ino } = await stat(path);
      return `${dev}:${ino}`;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return '';
      throw error;
    }
  },
  rename,
  list: readdir,
  remove: unlink,
  async createPrivate(path, text) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  },
};

/** `ENOSPC` and the like; '' when it is no error of the system. */
export function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
