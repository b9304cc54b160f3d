/**
 * An endpoint's error answer that was worth another try elsewhere, kept whole so that the client
 * gets it, and not words of ours, when no other endpoint does better (PROTOCOL §3).
 */
import { errorBody } from '../openai/error-body.ts';
import { finishAnswerHead, SEND_LENGTH, writeAttempts } from './answer-head.ts';
import type { ExchangeView, SavedAnswer } from './exchange-view.ts';

/** Error answers are small; one that is not is replaced by our own body under its status. */
export const MAX_SAVED_BYTES = 64 * 1024;

/** Writes it to the client, counts it, and tells the client not to start all over again. */
export function sendSavedAnswer(exchange: ExchangeView, saved: SavedAnswer): void {
  const { client, plane } = exchange;
  const out = plane.answerOut;
  out.reset();
  let body = saved.body;
  if (body === undefined) {
    body = errorBody('upstream_status', exchange.route.dialect, '');
    out.ascii(`HTTP/1.1 ${saved.status} \r\nContent-Type: application/json\r\n`);
    out.ascii(`X-Request-Id: ${exchange.fields.requestId()}\r\n`);
  } else {
    out.bytes(saved.head);
  }
  const whole = saved.body !== undefined;
  const overloaded = saved.status === 429 || saved.status === 503;
  if (overloaded && !(whole && saved.hasRetryAfter)) {
    out.ascii(`Retry-After: ${plane.admission.comeBackSeconds(exchange.model)}\r\n`);
  }
  if (!(whole && saved.saysWhetherToRetry)) out.ascii('x-should-retry: false\r\n');
  if (plane.options.explainHeaders) writeAttempts(out, exchange.tries);
  finishAnswerHead(out, SEND_LENGTH, body.length, client);
  out.bytes(body);
  client.transport.write(Buffer.from(out.buf.subarray(0, out.length)));
  exchange.bytesDown = whole ? body.length : 0;
}
