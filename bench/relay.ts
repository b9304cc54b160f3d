/**
 * Heap and buffer bytes that the relay path allocates per SSE event: a whole data plane in this
 * process, between transports that only count, so that what is measured is ours and not node:net's.
 * Prints one JSON line. The young generation is so large that nothing is collected in between.
 *
 * Run: node --expose-gc --min-semi-space-size=256 --max-semi-space-size=256 bench/relay.ts
 */
import { eventChunk, STREAM_HEAD } from './backend/answers.ts';
import { requestBytes } from './load/request-bytes.ts';
import { spreadOf } from './measure/stats.ts';
import { openStream, type StreamInPlane } from './relay/stream-in-plane.ts';

const WARM_UP_EVENTS = 200_000;
const EVENTS = 100_000;
const ROUNDS = 7;
const STAMP_US = 1_700_000_000;

interface Allocated {
  readonly heapBytes: number;
  /** Memory behind buffers, which stands outside of the heap. */
  readonly bufferBytes: number;
}

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('needs --expose-gc');

/** Sends events in the pieces given, again and again. */
function feed(stream: StreamInPlane, pieces: readonly Buffer[], events: number): void {
  const { upstream } = stream;
  for (let event = 0; event < events; event++) {
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index]!;
      upstream.onBytes(piece, 0, piece.length);
    }
  }
}

function allocatedPerEvent(stream: StreamInPlane, pieces: readonly Buffer[]): Allocated {
  collect!();
  const before = process.memoryUsage();
  feed(stream, pieces, EVENTS);
  const after = process.memoryUsage();
  return {
    heapBytes: (after.heapUsed - before.heapUsed) / EVENTS,
    bufferBytes: (after.arrayBuffers - before.arrayBuffers) / EVENTS,
  };
}

function measure(pieces: readonly Buffer[]): Allocated {
  const stream = openStream(requestBytes(8000, true), Buffer.from(STREAM_HEAD));
  feed(stream, pieces, WARM_UP_EVENTS);
  const rounds = Array.from({ length: ROUNDS }, () => allocatedPerEvent(stream, pieces));
  if (stream.client.writes < WARM_UP_EVENTS) throw new Error('the events were not passed on');
  return {
    heapBytes: spreadOf(rounds.map(({ heapBytes }) => heapBytes))!.median,
    bufferBytes: spreadOf(rounds.map(({ bufferBytes }) => bufferBytes))!.median,
  };
}

const event = Buffer.from(eventChunk(STAMP_US));
const middle = event.length >> 1;
const result = {
  whole: measure([event]),
  split: measure([event.subarray(0, middle), event.subarray(middle)]),
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
