/** Closed loop: every connection always has exactly one request on its way. */
import { monotonicUs } from '../measure/clock.ts';
import type { ClosedLoopJob } from './job.ts';
import { requestBytes, uploadBytes } from './request-bytes.ts';
import { Requester } from './requester.ts';
import type { Window } from './window.ts';

/** Starts the load; the returned function ends it. */
export function startClosedLoop(job: ClosedLoopJob, window: Window): () => void {
  const { port, bodyBytes } = job;
  const request = bodyBytes > 0 ? uploadBytes(port, bodyBytes) : requestBytes(port, false);
  const sendNext = (requester: Requester): void => {
    if (!window.over) requester.send(monotonicUs());
  };
  const requesters = Array.from(
    { length: job.connections },
    () => new Requester(job.port, request, window, sendNext),
  );
  return () => {
    for (const requester of requesters) requester.close();
  };
}
