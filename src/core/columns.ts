/**
 * The live state of the fleet, as typed-array columns indexed by endpoint slot.
 *
 * Invariant: every cell has one writer. A worker writes only its own `WorkerColumns`, the control
 * plane writes only `ControlColumns`; a reader sums (or takes the maximum) over workers. The
 * arrays of `SharedColumns` are the exception: what must be exact over all workers at once is
 * changed with `Atomics` only. `state/layout` places them all in one SharedArrayBuffer.
 * All `…Ms` cells are on the Clock's scale; 0 means "never".
 */
export interface WorkerColumns {
  /** Leases held now. */
  readonly inFlight: Int32Array;
  /** Of those, the ones whose endpoint has not answered a byte yet. */
  readonly pending: Int32Array;
  /** Attempts written to an endpoint, since start. */
  readonly sent: Float64Array;
  /** Attempts that ended well, since start. */
  readonly ok: Float64Array;
  /** Attempts that ended by the endpoint's fault, by class. */
  readonly failedConnect: Float64Array;
  readonly failedStatus: Float64Array;
  readonly failedStream: Float64Array;
  readonly failedTimeout: Float64Array;
  /** Attempts answered 429 or 503-busy: load, not failure. */
  readonly busy: Float64Array;
  /** Attempts that ended by nobody's fault (client gone, 4xx is `ok`). */
  readonly ignored: Float64Array;
  readonly bytesUp: Float64Array;
  readonly bytesDown: Float64Array;
  /** The endpoint asked to be left alone until then (Retry-After). */
  readonly busyUntilMs: Float64Array;
  /** Ejector: consecutive failures this worker saw, and when it last saw a failure / a success. */
  readonly streak: Int32Array;
  readonly lastFailureMs: Float64Array;
  readonly lastOkMs: Float64Array;
  /** Ejector: ejected by this worker at and until then, and how many times in a row. */
  readonly ejectedAtMs: Float64Array;
  readonly ejectedUntilMs: Float64Array;
  readonly ejections: Int32Array;
  /** The last failure this worker saw: 1 + its index in ERROR_CODES; 0 = none yet. */
  readonly failureCode: Int32Array;
  /** Ejector: the period its counts belong to (core/outcome-window), and the counts. */
  readonly countedPeriod: Int32Array;
  readonly countedOk: Int32Array;
  readonly countedFailed: Int32Array;
  /** The same of the period before. */
  readonly earlierOk: Int32Array;
  readonly earlierFailed: Int32Array;
  /** Prompt tokens sent that no cache spares, of attempts without a first byte of their answer. */
  readonly prefillTokens: Float64Array;
  /** The oldest of those attempts: its tokens, and when it was sent. */
  readonly headTokens: Float64Array;
  readonly headSinceMs: Float64Array;
  /** When the last answer began. */
  readonly firstByteAtMs: Float64Array;
  /** What this worker learned of the endpoint's speed (core/work-rates), from how many answers. */
  readonly baseMs: Float64Array;
  readonly msPerToken: Float64Array;
  readonly msPerRunning: Float64Array;
  readonly observations: Float64Array;
  /** Peak-EWMA of the time to first byte, and when it was last moved. */
  readonly latencyMs: Float64Array;
  readonly latencyAtMs: Float64Array;
  /** Pages that this worker's prompts put on the endpoint's cache (core/prefix-index). */
  readonly cachePages: Float64Array;
  /** For a model's first endpoint: 1 + the best class that waits for the model; 0 = nobody. */
  readonly waitingClass: Int32Array;
  /** For a model's first endpoint: places kept free for requests of the best class, the second. */
  readonly keptHigh: Int32Array;
  readonly keptNormal: Int32Array;
}

export interface ControlColumns {
  /** One of PROBE_*. */
  readonly probeState: Int32Array;
  /** One of OPERATOR_*. */
  readonly operatorState: Int32Array;
  /** The operator forgave what traffic had shown up to then. */
  readonly forgivenMs: Float64Array;
  /** What the engine last reported; -1 = unknown, never 0 for "missing". */
  readonly running: Int32Array;
  readonly waiting: Int32Array;
  /** Share of the KV cache in use, 0 … 1; NaN = unknown. */
  readonly kvUsage: Float64Array;
  readonly reportAtMs: Float64Array;
  /** Tokens its KV cache holds, all ranks together; -1 = unknown. */
  readonly cacheTokens: Int32Array;
  /** How often its engine was seen to have started anew: what its cache held is gone then. */
  readonly restarts: Int32Array;
  /** Sets what is believed of its cache apart from what the slot's last endpoint held. */
  readonly tenancy: Int32Array;
}

export interface SharedColumns {
  /** Rate windows: RATE_CELLS cells a slot, see core/rate-window. */
  readonly rate: Int32Array;
  /** Token windows: TOKEN_CELLS cells a slot, see core/token-window. */
  readonly tokens: Int32Array;
  /** Who claimed the one reopening probe of a slot, and when (core/ejection-state); 0 = nobody. */
  readonly probing: Int32Array;
  /** When a slot was last seen to recover, as core/slow-start writes it; 0 = never. */
  readonly recovered: Int32Array;
}

export interface Columns {
  readonly slots: number;
  readonly workers: readonly WorkerColumns[];
  readonly control: ControlColumns;
  readonly shared: SharedColumns;
}

/** Never checked yet: no traffic before the first probe. */
export const PROBE_UNKNOWN = 0;
export const PROBE_UP = 1;
export const PROBE_DOWN = 2;

export const OPERATOR_ENABLED = 0;
/** Finishes what it has, gets nothing new. */
export const OPERATOR_DRAINING = 1;
/** The same, and nobody asks or tells how it is. */
export const OPERATOR_MAINTENANCE = 2;
