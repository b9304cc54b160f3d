/**
 * The record of a request that the router answered at its head: its own small routes, and what is
 * refused before a model is looked for. Invariant: the path is cut, so no record is large.
 */
import type { RequestRecord } from '../core/request-record.ts';
import type { RequestHead } from '../http1/request-head.ts';
import type { OwnAnswer } from './reject.ts';

const MAX_PATH = 200;

export function ownRecord(
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
    totalMs: 0,
    bytesUp: 0,
    bytesDown: answer.body.length,
    steps: [],
  };
}
