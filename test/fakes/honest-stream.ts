/** A stream of an engine, event by event, and what may become of it when it breaks. */
import assert from 'node:assert/strict';
import { chunked, LAST_CHUNK, SSE_HEAD } from './http-text.ts';

export const EVENTS: readonly string[] = [
  'data: {"choices":[{"delta":{"content":"é1"}}]}\n\n',
  ': ping\n\n',
  'data: {"choices":[{"delta":{"content":"2"}}]}\r\n\r\n',
  'id: 7\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
  'data: [DONE]\n\n',
];
export const WHOLE = EVENTS.join('');
/** As the engine sends it. */
export const STREAM = SSE_HEAD + EVENTS.map(chunked).join('') + LAST_CHUNK;

const ERROR_EVENT =
  /^data: \{"error":\{"message":"[^"]*","type":"[^"]*","param":null,"code":"([^"]*)"\}\}\n\n$/;

/** The body is whole events of `events`, then one error event; returns its code. */
export function assertHonest(body: string, events: readonly string[] = EVENTS): string {
  let at = 0;
  for (const event of events) {
    if (!body.startsWith(event, at)) {
      // Of a CRLF that was cut the CR has ended the event.
      if (event.endsWith('\r\n') && body.startsWith(event.slice(0, -1), at)) at += event.length - 1;
      break;
    }
    at += event.length;
  }
  const match = ERROR_EVENT.exec(body.slice(at));
  assert.ok(match !== null, `no single error event after whole events: ${JSON.stringify(body)}`);
  return match[1]!;
}
