/**
 * The entry of a worker thread: one data plane, one listener. Everything it needs comes with
 * `workerData`; afterwards it hears only ToWorker messages and answers with FromWorker.
 */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { RouteTableSpec } from '../core/endpoint.ts';
import type { FromWorker, PlaneEvent, ToWorker } from '../core/plane-messages.ts';
import { Xorshift } from '../core/random.ts';
import type { DecisionRecord, RecordDetail, RequestQuery } from '../core/request-record.ts';
import { BunConnector, listenWithBun } from '../net/bun.ts';
import { type Listener, listen } from '../net/listener.ts';
import { monotonicClock } from '../net/monotonic.ts';
import { NodeConnector } from '../net/node.ts';
import { mapFleetState } from '../state/layout.ts';
import { Downstreams } from './downstreams.ts';
import { Journal } from './journal.ts';
import type { ProxyOptions } from './options.ts';
import { DataPlane } from './plane.ts';
import { Recorder } from './recorder.ts';
import { TableParts } from './table-parts.ts';

export interface WorkerStart {
  readonly buffer: SharedArrayBuffer;
  readonly prefixMemory: SharedArrayBuffer;
  readonly slots: number;
  readonly workers: number;
  readonly index: number;
  readonly options: ProxyOptions;
  readonly spec: RouteTableSpec;
  readonly records: RecordDetail;
  /** Requests kept to be explained; 0 = none. */
  readonly keepRequests: number;
}

const DRAIN_CHECK_MS = 50;
/** Time for the error events of a drain's deadline to leave. */
const LAST_WORDS_MS = 1_000;
const MAX_EVENTS_PER_SECOND = 50;
const RECORDS_MS = 100;
const SHADOW_MS = 60_000;
const BUDGETS_MS = 1_000;

/** Which implementation of the transport seam: docs/decisions/0015-runtime.md. */
const UNDER_BUN = process.versions.bun !== undefined;

const start = workerData as WorkerStart;
const port = parentPort!;

function tell(message: FromWorker): void {
  port.postMessage(message);
}

/** A storm of failures must not become a storm of messages. */
function limitedReport(): (event: Omit<PlaneEvent, 'dropped'>) => void {
  let second = 0;
  let told = 0;
  let dropped = 0;
  return (event) => {
    const now = Math.floor(monotonicClock.nowMs() / 1000);
    if (now !== second) {
      second = now;
      told = 0;
    }
    if (told++ < MAX_EVENTS_PER_SECOND) {
      tell({ kind: 'event', event: { ...event, dropped } });
      dropped = 0;
    } else {
      dropped++;
    }
  };
}

/** undefined when nobody reads records. */
function journalOf(detail: RecordDetail): Journal | undefined {
  if (detail === 'none') return undefined;
  const journal = new Journal(monotonicClock, detail === 'steps', (records, dropped) =>
    tell({ kind: 'requests', records, dropped }),
  );
  setInterval(() => journal.flush(), RECORDS_MS).unref();
  return journal;
}

const state = mapFleetState(start.buffer, start.slots, start.workers);
const plane = new DataPlane(
  {
    options: start.options,
    columns: state.columns,
    totals: state.totals[start.index]!,
    allTotals: state.totals,
    meters: state.meters[start.index]!,
    workerIndex: start.index,
    clock: monotonicClock,
    random: new Xorshift(randomInt(1, 2 ** 31)),
    prefixMemory: start.prefixMemory,
    connector: UNDER_BUN ? new BunConnector() : new NodeConnector(),
    report: limitedReport(),
    journal: journalOf(start.records),
    recorder: start.keepRequests === 0 ? undefined : new Recorder(start.keepRequests),
  },
  start.spec,
);

const downstreams = new Downstreams(plane);
const tableParts = new TableParts(start.spec);

plane.meters.showBudgets(plane.table);
setInterval(() => plane.meters.showBudgets(plane.table), BUDGETS_MS).unref();

/** What the shadow would have done goes to the log. */
function tellShadow(): void {
  const { shadow } = plane.routing;
  if (shadow !== undefined) tell({ kind: 'shadow', tally: shadow.take() });
}

setInterval(tellShadow, SHADOW_MS).unref();

function hear(message: ToWorker, listener: Listener): void {
  if (message.kind === 'taken') {
    plane.journal?.taken();
  } else if (message.kind === 'explain') {
    tell({ kind: 'explained', number: message.number, records: explain(message.query) });
  } else if (message.kind === 'options') {
    plane.configure(message.options as ProxyOptions);
  } else if (message.kind === 'table') {
    adopt(tableParts.replace(message.spec));
  } else if (message.kind === 'endpoints') {
    tableParts.take(message.endpoints);
  } else if (message.kind === 'assemble') {
    adopt(tableParts.assemble(message));
  } else {
    plane.draining = true;
    downstreams.closeAfterAnswers(message.kind === 'close');
    if (message.kind === 'close') close(listener, message.timeoutMs);
  }
}

function adopt(spec: RouteTableSpec): void {
  plane.adopt(spec);
  tell({ kind: 'adopted', epoch: spec.epoch });
}

/** What runs, unless only what failed is wanted; then what is over. */
function explain(query: RequestQuery): DecisionRecord[] {
  const running = query.failed ? [] : downstreams.running(query);
  if (query.running) return running;
  return [...running, ...(plane.recorder?.find(query) ?? [])];
}

function close(listener: Listener, timeoutMs: number): void {
  listener.close();
  const deadlineMs = monotonicClock.nowMs() + timeoutMs;
  let ended = false;
  const timer = setInterval(() => {
    const late = monotonicClock.nowMs() - deadlineMs;
    if (downstreams.count === 0 || late > LAST_WORDS_MS) {
      clearInterval(timer);
      plane.pool.close();
      plane.journal?.sendRest();
      tellShadow();
      tell({ kind: 'drained' });
    } else if (late >= 0 && !ended) {
      ended = true;
      downstreams.endAll();
    }
  }, DRAIN_CHECK_MS);
}

try {
  const open = UNDER_BUN ? listenWithBun : listen;
  const listener = await open(start.options, (transport) => downstreams.accept(transport));
  port.on('message', (message: ToWorker) => hear(message, listener));
  tell({ kind: 'listening', port: listener.port });
} catch (error) {
  const { code = '', message } = error as NodeJS.ErrnoException;
  tell({ kind: 'failed', code, message });
}
