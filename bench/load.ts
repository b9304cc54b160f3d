/**
 * The load generator: one job (JSON, first argument) in, one result (JSON line) out, as its own
 * process so that its CPU time can be told apart.
 */
import { startClosedLoop } from './load/closed-loop.ts';
import { startEventStreams } from './load/event-streams.ts';
import { startFixedRate } from './load/fixed-rate.ts';
import { startIdleConnections } from './load/idle-connections.ts';
import type { Job } from './load/job.ts';
import { Window } from './load/window.ts';

function start(job: Job, window: Window): () => void {
  switch (job.kind) {
    case 'closed-loop':
      return startClosedLoop(job, window);
    case 'fixed-rate':
      return startFixedRate(job, window);
    case 'event-streams':
      return startEventStreams(job, window);
    case 'idle-connections':
      return startIdleConnections(job, window);
  }
}

// The orchestrator holds the other end of standard input; if it dies, this process ends too.
process.stdin.resume().on('end', () => process.exit(1));

const job = JSON.parse(process.argv[2] ?? 'null') as Job;
const window = new Window(job);
const running = window.run();
const stop = start(job, window);
const result = await running;
stop();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
