/**
 * Heap and buffer bytes that the relay path allocates per SSE event: a whole data plane in this
 * process, between transports that only count, so that what is measured is ours and not node:net's.
 * Prints one JSON line. The young generation is so large that nothing is collected in between.
 *
 * Run: node --expose-gc --min-semi-space-size=256 --max-semi-space-size=256 bench/relay.ts
 */
import { STREAM_HEAD } from './backend/answers.ts';
import { requestBytes } from './load/request-bytes.ts';
import { spreadOf } from './measure/stats.ts';
import { openStream, type StreamInPlane } from './relay/stream-in-plane.ts';

const WARM_UP_EVENTS = 200_000;
const EVENTS = 100_000;
const ROUNDS = 7;
/** Tokens are of different lengths, and so are their events. */
const LENGTHS = 40;

interface Allocated {
  readonly heapBytes: number;
  /** Memory behind buffers, which stands outside of the heap. */
  readonly bufferBytes: number;
}

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('needs --expose-gc');

/** Events in the pieces in which they arrive. */
type Events = readonly (readonly Buffer[])[];

/** Sends the events again and again, `count` in all. */
function feed(stream: StreamInPlane, events: Events, count: number): void {
  const { upstream } = stream;
  for (let sent = 0; sent < count; sent++) {
    const pieces = events[sent % events.length]!;
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index]!;
      upstream.onBytes(piece, 0, piece.length);
    }
  }
}

function allocatedPerEvent(stream: StreamInPlane, events: Events): Allocated {
  collect!();
  const before = process.memoryUsage();
  feed(stream, events, EVENTS);
  const after = process.memoryUsage();
  return {
    heapBytes: (after.heapUsed - before.heapUsed) / EVENTS,
    bufferBytes: (after.arrayBuffers - before.arrayBuffers) / EVENTS,
  };
}

function measure(events: Events): Allocated {
  const stream = openStream(requestBytes(8000, true), Buffer.from(STREAM_HEAD));
  feed(stream, events, WARM_UP_EVENTS);
  const rounds = Array.from({ length: ROUNDS }, () => allocatedPerEvent(stream, events));
  if (stream.client.writes < WARM_UP_EVENTS) throw new Error('the events were not passed on');
  return {
    heapBytes: spreadOf(rounds.map(({ heapBytes }) => heapBytes))!.median,
    bufferBytes: spreadOf(rounds.map(({ bufferBytes }) => bufferBytes))!.median,
  };
}

/** One event as one chunk, its token so many characters long. */
function eventOf(tokenChars: number): Buffer {
  const choice = { index: 0, delta: { content: 'x'.repeat(tokenChars) }, finish_reason: null };
  const chunk = { id: 'chatcmpl-0123456789abcdef', model: 'bench', choices: [choice] };
  const text = `data: ${JSON.stringify(chunk)}\n\n`;
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

const events = Array.from({ length: LENGTHS }, (_, index) => eventOf(index + 1));
const result = {
  whole: measure(events.map((event) => [event])),
  split: measure(events.map((event) => [event.subarray(0, 90), event.subarray(90)])),
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
