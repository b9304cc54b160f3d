/** A disk that tests write to. Invariant: a removed file lives on where it is open. */
import { basename, dirname } from 'node:path';
import type { AppendedFile, Files } from './files.ts';

/** A disk in memory, for tests; it can be full, read-only or emptied. */
export class FakeFiles implements Files {
  /** Path → what it holds. */
  readonly #byPath = new Map<string, { id: string; text: string }>();
  #ids = 0;
  opened = 0;
  /** Bytes that still fit. */
  roomBytes = Number.POSITIVE_INFINITY;
  /** The code of every error, while there is one. */
  refuses: Partial<Record<'open' | 'rename' | 'list' | 'remove' | 'create', string>> = {};

  text(path: string): string | undefined {
    return this.#byPath.get(path)?.text;
  }

  put(path: string, text: string): void {
    this.#byPath.set(path, { id: String(++this.#ids), text });
  }

  names(folder: string): string[] {
    const paths = [...this.#byPath.keys()].filter((path) => dirname(path) === folder);
    return paths.map((path) => basename(path)).sort();
  }

  delete(path: string): void {
    this.#byPath.delete(path);
  }

  async openToAppend(path: string): Promise<AppendedFile> {
    this.#refuse('open');
    this.opened++;
    if (!this.#byPath.has(path)) this.put(path, '');
    const file = this.#byPath.get(path)!;
    return {
      id: file.id,
      sizeBytes: Buffer.byteLength(file.text),
      write: async (bytes) => {
        if (this.roomBytes === 0) throw failure('ENOSPC');
        const taken = bytes.subarray(0, this.roomBytes);
        this.roomBytes -= taken.length;
        file.text += taken.toString();
        return taken.length;
      },
      close: async () => {},
    };
  }

  async idOf(path: string): Promise<string> {
    return this.#byPath.get(path)?.id ?? '';
  }

  async rename(from: string, to: string): Promise<void> {
    this.#refuse('rename');
    this.#byPath.set(to, this.#byPath.get(from)!);
    this.#byPath.delete(from);
  }

  async list(folder: string): Promise<string[]> {
    this.#refuse('list');
    return this.names(folder);
  }

  async remove(path: string): Promise<void> {
    this.#refuse('remove');
    this.#byPath.delete(path);
  }

  async createPrivate(path: string, text: string): Promise<void> {
    this.#refuse('create');
    if (this.#byPath.has(path)) throw failure('EEXIST');
    this.put(path, text);
  }

  #refuse(what: 'open' | 'rename' | 'list' | 'remove' | 'create'): void {
    const code = this.refuses[what];
    if (code !== undefined) throw failure(code);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
