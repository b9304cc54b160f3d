/** Keep-alive connections that have carried one request each and are then left open. */
import { monotonicUs } from '../measure/clock.ts';
import type { IdleConnectionsJob } from './job.ts';
import { requestBytes } from './request-bytes.ts';
import { Requester } from './requester.ts';
import type { Window } from './window.ts';

/** Starts the load; the returned function ends it. A connection that is lost counts as an error. */
export function startIdleConnections(job: IdleConnectionsJob, window: Window): () => void {
  const request = requestBytes(job.port, false);
  const served = new Set<Requester>();
  const requesters: Requester[] = [];
  const startUs = monotonicUs() + job.warmupMs * 1000;
  const spacingUs = (job.openingMs * 1000) / job.connections;
  const onFree = (requester: Requester): void => {
    if (served.has(requester)) return;
    served.add(requester);
    requester.send(monotonicUs());
  };
  const timer = setInterval(() => {
    const due = Math.min(job.connections, Math.floor((monotonicUs() - startUs) / spacingUs));
    while (requesters.length < due) {
      requesters.push(new Requester(job.port, request, window, onFree));
    }
    if (requesters.length === job.connections) clearInterval(timer);
  }, 1);
  return () => {
    clearInterval(timer);
    for (const requester of requesters) requester.close();
  };
}
