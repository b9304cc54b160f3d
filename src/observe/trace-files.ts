/**
 * One file a request, named after its X-Request-Id and readable by its owner alone. Invariants: an
 * id from outside becomes a name only if it is a plain one, no existing file is touched, and at
 * most MAX_PER_SECOND files a second are written; the rest is counted.
 */
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { DropCount } from './drop-count.ts';
import { codeOf, type Files } from './files.ts';
import { escaped } from './logger.ts';

export interface TraceParts {
  readonly folder: string;
  readonly files: Files;
  /** Time of day, as Date.now. */
  readonly clock: Clock;
  /** `code` is why the last one was left out. */
  readonly tell: (dropped: number, code: string) => void;
}

const MAX_PER_SECOND = 100;
const MAX_WAITING = 200;
/** Files for one id: clients repeat theirs. */
const MAX_SAME_ID = 9;
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export class TraceFiles {
  readonly #parts: TraceParts;
  readonly #drops: DropCount;
  #lastCode = '';
  #second = 0;
  #begun = 0;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: TraceParts) {
    this.#parts = parts;
    this.#drops = new DropCount(parts.clock, (dropped) => parts.tell(dropped, this.#lastCode));
  }

  /** Never waits and never throws. */
  write(record: RequestRecord): void {
    const nowMs = this.#parts.clock.nowMs();
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#begun = 0;
    this.#second = second;
    const refusal = this.#refusal(record.id);
    if (refusal !== '') {
      this.drop(1, refusal);
      return;
    }
    this.#begun++;
    this.#waiting++;
    const time = new Date(nowMs).toISOString();
    this.#last = this.#last.then(() => this.#create({ time, ...record }));
  }

  /** Counts what was left out elsewhere. */
  drop(count: number, code: string): void {
    if (count === 0) return;
    this.#lastCode = code;
    this.#drops.add(count);
  }

  /** Resolves when all files are written. */
  async close(): Promise<void> {
    await this.#last;
    this.#drops.sayRest();
  }

  #refusal(id: string): string {
    if (!PLAIN.test(id)) return 'no_plain_id';
    if (this.#begun >= MAX_PER_SECOND) return 'too_many';
    return this.#waiting >= MAX_WAITING ? 'too_slow' : '';
  }

  async #create(record: RequestRecord & { readonly time: string }): Promise<void> {
    const { folder, files } = this.#parts;
    const text = `${escaped(JSON.stringify(record, null, 2))}\n`;
    let code = 'EEXIST';
    for (let n = 1; n <= MAX_SAME_ID && code === 'EEXIST'; n++) {
      const name = n === 1 ? `${record.id}.json` : `${record.id}.${n}.json`;
      code = await files.createPrivate(join(folder, name), text).then(() => '', codeOf);
    }
    this.#waiting--;
    if (code !== '') this.drop(1, code);
  }
}
