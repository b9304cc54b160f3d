/** `serve --record FILE`: the file that the shape of traffic goes to, beside the logs. */
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { RecordDetail } from '../core/request-record.ts';
import { realFiles } from '../observe/files.ts';
import { LogFile } from '../observe/log-file.ts';
import type { Logs } from '../observe/logs.ts';
import { TrafficRecording } from '../observe/traffic-recording.ts';

export interface RequestReader {
  /** What workers must record. */
  readonly records: RecordDetail;
  readonly recordShapes: boolean;
  readonly onRequests: Logs['take'];
  /** Writes what waits, for a second at most. */
  close(): Promise<void>;
}

const wallClock: Clock = { nowMs: Date.now };

/** Who reads requests that are over: the logs and, if `path` is given, a recording. */
export function readRequests(path: string | undefined, logs: Logs): RequestReader {
  const { records, take, log } = logs;
  if (path === undefined) {
    return { records, recordShapes: false, onRequests: take, close: async () => {} };
  }
  // Appended to and never rotated.
  const file = new LogFile({
    path: resolve(path),
    rules: { maxBytes: Number.POSITIVE_INFINITY, maxBackups: 0, maxAgeMs: 0 },
    files: realFiles,
    clock: wallClock,
    later: (run, afterMs) => void setTimeout(run, afterMs).unref(),
    tell: (notice) => log.warn({ ...notice }, 'the recording of traffic has trouble'),
  });
  const recording = new TrafficRecording((line) => file.write(line));
  return {
    records: records === 'none' ? 'requests' : records,
    recordShapes: true,
    onRequests(batch, dropped) {
      take(batch, dropped);
      recording.take(batch);
    },
    close: () => file.close(),
  };
}
