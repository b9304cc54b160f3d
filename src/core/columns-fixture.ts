/**
 * Columns over private arrays for tests and benches: all endpoints probed, enabled and idle.
 */
import type { Columns, WorkerColumns } from './columns.ts';
import { PROBE_UP } from './columns.ts';
import { RATE_CELLS } from './rate-window.ts';
import { TOKEN_CELLS } from './token-window.ts';

export function fixtureColumns(slots: number, workers: number): Columns {
  return {
    slots,
    workers: Array.from({ length: workers }, () => workerColumns(slots)),
    control: {
      probeState: new Int32Array(slots).fill(PROBE_UP),
      operatorState: new Int32Array(slots),
      forgivenMs: new Float64Array(slots),
      running: new Int32Array(slots).fill(-1),
      waiting: new Int32Array(slots).fill(-1),
      kvUsage: new Float64Array(slots).fill(Number.NaN),
      reportAtMs: new Float64Array(slots),
      cacheTokens: new Int32Array(slots).fill(-1),
      restarts: new Int32Array(slots),
      tenancy: new Int32Array(slots),
    },
    shared: {
      rate: new Int32Array(slots * RATE_CELLS),
      tokens: new Int32Array(slots * TOKEN_CELLS),
      probing: new Int32Array(slots),
      recovered: new Int32Array(slots),
    },
  };
}

function workerColumns(slots: number): WorkerColumns {
  const int32 = () => new Int32Array(slots);
  const float64 = () => new Float64Array(slots);
  return {
    inFlight: int32(),
    pending: int32(),
    sent: float64(),
    ok: float64(),
    failedConnect: float64(),
    failedStatus: float64(),
    failedStream: float64(),
    failedTimeout: float64(),
    busy: float64(),
    ignored: float64(),
    bytesUp: float64(),
    bytesDown: float64(),
    busyUntilMs: float64(),
    streak: int32(),
    lastFailureMs: float64(),
    lastOkMs: float64(),
    ejectedAtMs: float64(),
    ejectedUntilMs: float64(),
    ejections: int32(),
    failureCode: int32(),
    countedPeriod: int32(),
    countedOk: int32(),
    countedFailed: int32(),
    earlierOk: int32(),
    earlierFailed: int32(),
    prefillTokens: float64(),
    headTokens: float64(),
    headSinceMs: float64(),
    firstByteAtMs: float64(),
    baseMs: float64(),
    msPerToken: float64(),
    msPerRunning: float64(),
    observations: float64(),
    latencyMs: float64(),
    latencyAtMs: float64(),
    cachePages: float64(),
    waitingClass: int32(),
    keptHigh: int32(),
    keptNormal: int32(),
  };
}
