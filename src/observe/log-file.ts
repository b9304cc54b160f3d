/**
 * A log file with rotation. Lines wait in a bounded queue and are written behind the back of
 * whoever logs, so a slow, full or vanished disk costs lines and never time.
 *
 * Invariants: at most one write at a time; what waits is at most MAX_QUEUED_BYTES and one batch;
 * whatever is lost is counted, told once when the trouble begins, and once when it is over.
 * Backups are named as lumberjack names them: `llm-router-2026-01-31T23-59-59.000.log`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { type AppendedFile, codeOf, type Files } from './files.ts';
import { LogBackups, type RotationRules } from './log-backups.ts';

/** What an operator should hear about the file on another way. */
export interface LogFileNotice {
  readonly kind: 'failing' | 'recovered' | 'unrotated';
  readonly path: string;
  /** The system's code, or `too_slow`; '' for a recovery. */
  readonly code: string;
  /** Lines lost in the trouble that is over. */
  readonly dropped: number;
}

export interface LogFileParts {
  readonly path: string;
  readonly rules: RotationRules;
  readonly files: Files;
  /** Time of day, as Date.now. */
  readonly clock: Clock;
  /** Runs later without keeping the process alive. */
  readonly later: (run: () => void, afterMs: number) => void;
  readonly tell: (notice: LogFileNotice) => void;
}

const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const MAX_BATCH_BYTES = 256 * 1024;
/** How often a failing file is tried again. */
const RETRY_MS = 1000;
/** How often it is checked that the open file still is the one of that name. */
const LOOK_MS = 1000;
const ROTATE_RETRY_MS = 60_000;
const CLOSE_MS = 1000;
const NO_BYTES = Buffer.alloc(0);
const NEWLINE = 10;

export class LogFile {
  readonly #parts: LogFileParts;
  readonly #backups: LogBackups;
  #lines: string[] = [];
  #queuedBytes = 0;
  /** Taken from the queue and not yet written. */
  #batch: Buffer = NO_BYTES;
  /** The batch begins inside a line whose beginning is in the file of this id. */
  #tornIn = '';
  #file: AppendedFile | undefined;
  #sizeBytes = 0;
  #lookedMs = 0;
  #noRotationUntilMs = 0;
  #reopenWanted = false;
  #busy = false;
  #resting = false;
  #failing = false;
  #dropped = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: LogFileParts) {
    this.#parts = parts;
    this.#backups = new LogBackups(parts);
  }

  /** Takes one line with its end; never waits and never throws. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
      this.#dropped++;
      this.#trouble('too_slow');
      return;
    }
    this.#lines.push(line);
    this.#queuedBytes += bytes;
    this.#wake();
  }

  /** Opens the file of its name anew: somebody has moved the present one away. */
  reopen(): void {
    this.#reopenWanted = true;
    this.#resting = false;
    this.#wake();
  }

  /** Writes what waits, for at most a second, and closes the file. */
  async close(): Promise<void> {
    this.#resting = false;
    if (this.#lines.length + this.#batch.length > 0) this.#wake();
    await Promise.race([this.#running, pause(CLOSE_MS, undefined, { ref: false })]);
    if (!this.#busy) await this.#closeFile();
  }

  #wake(): void {
    if (this.#busy || this.#resting) return;
    this.#busy = true;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    try {
      do await this.#step();
      while (this.#lines.length > 0 || this.#reopenWanted);
      if (this.#failing) this.#recovered();
    } catch (error) {
      await this.#closeFile();
      this.#resting = true;
      this.#parts.later(() => {
        this.#resting = false;
        this.#wake();
      }, RETRY_MS);
      this.#trouble(codeOf(error) || 'unknown');
    }
    this.#busy = false;
    // Recovering may have logged a line.
    if (this.#lines.length > 0) this.#wake();
  }

  /** Writes one batch to the right file. */
  async #step(): Promise<void> {
    await this.#openRightFile();
    if (this.#batch.length === 0) this.#batch = this.#takeBatch();
    const { maxBytes } = this.#parts.rules;
    if (this.#sizeBytes > 0 && this.#sizeBytes + this.#batch.length > maxBytes)
      await this.#rotate();
    while (this.#batch.length > 0) {
      const file = this.#file!;
      const written = await file.write(this.#batch);
      if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      this.#sizeBytes += written;
      this.#tornIn = this.#batch[written - 1] === NEWLINE ? '' : file.id;
      this.#batch = this.#batch.subarray(written);
    }
  }

  #takeBatch(): Buffer {
    let bytes = 0;
    let count = 0;
    while (count < this.#lines.length && bytes < MAX_BATCH_BYTES) {
      bytes += Buffer.byteLength(this.#lines[count++]!);
    }
    const text = this.#lines.splice(0, count).join('');
    this.#queuedBytes -= bytes;
    return Buffer.from(text);
  }

  async #openRightFile(): Promise<void> {
    const { path, clock, files } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#file !== undefined && Math.abs(nowMs - this.#lookedMs) >= LOOK_MS) {
      this.#lookedMs = nowMs;
      if ((await files.idOf(path)) !== this.#file.id) this.#reopenWanted = true;
    }
    if (this.#reopenWanted) await this.#closeFile();
    this.#reopenWanted = false;
    if (this.#file === undefined) await this.#open();
    await this.#backups.removeOld();
  }

  async #open(): Promise<void> {
    const { path, clock, files } = this.#parts;
    this.#file = await files.openToAppend(path);
    this.#sizeBytes = this.#file.sizeBytes;
    this.#lookedMs = clock.nowMs();
    if (this.#tornIn === '' || this.#tornIn === this.#file.id) return;
    // The rest of a line whose beginning is elsewhere is of no use.
    this.#batch = this.#batch.subarray(this.#batch.indexOf(NEWLINE) + 1);
    this.#tornIn = '';
    this.#dropped++;
  }

  /** Where the old file cannot be renamed it grows on, and it is tried again a minute later. */
  async #rotate(): Promise<void> {
    const { path, clock, tell } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#tornIn !== '' || nowMs < this.#noRotationUntilMs) return;
    try {
      await this.#backups.moveAway();
    } catch (error) {
      this.#noRotationUntilMs = nowMs + ROTATE_RETRY_MS;
      tell({ kind: 'unrotated', path, code: codeOf(error), dropped: 0 });
      return;
    }
    await this.#closeFile();
    await this.#open();
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    // What close says was said by a write before, or cannot be mended.
    await file?.close().catch(() => {});
  }

  #trouble(code: string): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#parts.tell({ kind: 'failing', path: this.#parts.path, code, dropped: 0 });
  }

  #recovered(): void {
    const dropped = this.#dropped;
    this.#failing = false;
    this.#dropped = 0;
    this.#parts.tell({ kind: 'recovered', path: this.#parts.path, code: '', dropped });
  }
}
