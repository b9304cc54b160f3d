/**
 * The record of a request that the router answered at its head: its own small routes, and what is
 * refused before a model is looked for. Invariant: the path is cut, so no record is large.
 */
import type { RequestRecord } from '../core/request-record.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { DataPlane } from './plane.ts';
import type { OwnAnswer } from './reject.ts';

const MAX_PATH = 200;

function ownRecord(
  chunk: Buffer,
  head: RequestHead,
  answer: OwnAnswer,
  { id, key }: { readonly id: string; readonly key: string },
): RequestRecord {
  const pathEnd = Math.min(head.pathEnd, head.targetStart + MAX_PATH);
  return {
    id,
    method: chunk.toString('latin1', head.methodStart, head.methodEnd),
    route: chunk.toString('latin1', head.targetStart, pathEnd),
    model: '',
    key,
    endpoint: '',
    attempts: 0,
    status: answer.status,
    outcome: answer.status < 400 ? 'ok' : 'refused',
    ttfbMs: 0,
    ttftMs: -1,
    totalMs: 0,
    bytesUp: 0,
    bytesDown: answer.body.length,
    tokensIn: -1,
    tokensOut: -1,
    steps: [],
  };
}

/** Keeps the record for whoever reads records; of what was not refused, only for the journal. */
export function keepOwnRecord(
  plane: DataPlane,
  chunk: Buffer,
  answer: OwnAnswer,
  requestId: string,
): void {
  if (!plane.records) return;
  const who = { id: requestId, key: plane.visitor.name };
  const record = ownRecord(chunk, plane.requestHead, answer, who);
  plane.journal?.add(record);
  const startedMs = plane.clock.nowMs();
  if (answer.status < 400 || plane.recorder?.takesPlain(startedMs) !== true) return;
  plane.recorder.add({ ...record, startedMs, running: false, worker: plane.workerIndex });
}
