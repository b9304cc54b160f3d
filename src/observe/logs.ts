/**
 * All that the router writes about itself, put together from the configuration: the log on the
 * console and in its file, the access log, the traces. Invariant: nothing here throws or waits
 * while the router runs.
 */
import { resolve } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { RecordDetail, RequestRecord } from '../core/request-record.ts';
import { DropCount } from './drop-count.ts';
import { realFiles } from './files.ts';
import { LogFile, type LogFileNotice } from './log-file.ts';
import { LogTail } from './log-tail.ts';
import { type Logger, makeLogger, standardOutput } from './logger.ts';
import { TraceFiles } from './trace-files.ts';

export interface Logs {
  readonly log: Logger;
  /** Its last lines. */
  readonly tail: LogTail;
  /** What the workers must record for it. */
  readonly records: RecordDetail;
  /** Requests that are over; `dropped` were left out before them. */
  take(records: readonly RequestRecord[], dropped: number): void;
  /** Opens the files anew: something has moved them away. */
  reopen(): void;
  /** Writes what waits, for a second at most. */
  close(): Promise<void>;
}

const wallClock: Clock = { nowMs: Date.now };
const MB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** A relative `log.dir` starts at `base`; no traces when `traceFolder` is ''. */
export function openLogs(config: Config['log'], base: string, traceFolder: string): Logs {
  const files = new Map<string, LogFile>();
  const open = (name: string) => {
    const file = new LogFile({
      path: resolve(base, config.dir, name),
      rules: {
        maxBytes: config.maxSizeMb * MB,
        maxBackups: config.maxBackups,
        maxAgeMs: config.maxAgeDays * DAY_MS,
      },
      files: realFiles,
      clock: wallClock,
      later: (run, afterMs) => void setTimeout(run, afterMs).unref(),
      tell: (notice) => tellOf(log, notice),
    });
    files.set(name, file);
    return { terminal: false, write: (line: string) => file.write(line) };
  };
  const output = standardOutput();
  const toFile = config.dir !== '';
  const tail = new LogTail();
  const log = makeLogger(config.level, output, tail, ...(toFile ? [open('llm-router.log')] : []));
  const access = config.access
    ? makeLogger('info', toFile ? open('access.log') : output)
    : undefined;
  const traces = traceFolder === '' ? undefined : openTraces(traceFolder, log);
  const drops = new DropCount(wallClock, (dropped) =>
    log.warn({ dropped }, 'requests are missing in the access log'),
  );
  return {
    log,
    tail,
    records: traces !== undefined ? 'steps' : access !== undefined ? 'requests' : 'none',
    take(records, dropped) {
      if (access !== undefined) drops.add(dropped);
      traces?.drop(dropped, 'too_many');
      for (const record of records) {
        const { steps: _, shape: __, ...line } = record;
        access?.info(line, 'request');
        traces?.write(record);
      }
    },
    reopen() {
      for (const file of files.values()) file.reopen();
    },
    async close() {
      drops.sayRest();
      await traces?.close();
      await Promise.all([...files.values()].map((file) => file.close()));
    },
  };
}

function openTraces(folder: string, log: Logger): TraceFiles {
  log.info({ folder: resolve(folder) }, 'tracing: a file is written for each request');
  return new TraceFiles({
    folder: resolve(folder),
    files: realFiles,
    clock: wallClock,
    tell: (dropped, code) => log.warn({ dropped, code }, 'traces are missing'),
  });
}

function tellOf(log: Logger, { kind, path, code, dropped }: LogFileNotice): void {
  const fields = { file: path, code };
  if (kind === 'failing') {
    log.error(fields, 'a log file cannot be written; lines wait in memory, then are dropped');
  } else if (kind === 'recovered') {
    log.warn({ file: path, dropped }, 'a log file is written again');
  } else {
    log.error(fields, 'a log file cannot be rotated; it grows on');
  }
}
