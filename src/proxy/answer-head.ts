// HOT PATH — bench: bench/main.ts
/**
 * The head of an answer to the client, in two steps: the endpoint's status and fields while its
 * head is at hand, the framing when it is known how the body will be sent.
 */
import {
  FIELD_CONTENT_LENGTH,
  FIELD_RETRY_AFTER,
  FIELD_X_REQUEST_ID,
  FIELD_X_SHOULD_RETRY,
  fieldIndex,
} from '../http1/fields.ts';
import { type HeadWriter, writeForwardedFields } from '../http1/head-writer.ts';
import type { ResponseHead } from '../http1/response-head.ts';

/** How the body goes to the client. */
export const SEND_LENGTH = 0;
export const SEND_CHUNKED = 1;
/** Ended by closing: HTTP/1.0 clients and a body of unknown length. */
export const SEND_UNTIL_CLOSE = 2;
/** 204 and 304 have neither body nor framing. */
export const SEND_NOTHING = 3;

const DROP = new Uint8Array(256);
DROP[FIELD_CONTENT_LENGTH] = 1;
DROP[FIELD_X_REQUEST_ID] = 1;

const ID_NAME = Buffer.from('X-Request-Id: ');

/** Status line and end-to-end fields of the endpoint's answer, and our request id. */
export function writeAnswerFields(
  out: HeadWriter,
  chunk: Buffer,
  head: ResponseHead,
  id: { writeId(out: HeadWriter): void },
): void {
  out.ascii('HTTP/1.1 ');
  out.decimal(head.status);
  out.ascii(' ');
  out.span(chunk, head.reasonStart, head.reasonEnd);
  out.crlf();
  writeForwardedFields(out, chunk, head, DROP);
  out.bytes(ID_NAME);
  id.writeId(out);
  out.crlf();
}

/**
 * What an overload answer must also say: when to come back, and that client libraries need not
 * repeat what the router already tried everywhere (PROTOCOL §3).
 */
export function writeOverloadFields(
  out: HeadWriter,
  head: ResponseHead,
  retryAfterSeconds: number,
): void {
  if (fieldIndex(head, FIELD_RETRY_AFTER) < 0 && retryAfterSeconds > 0) {
    out.ascii('Retry-After: ');
    out.decimal(retryAfterSeconds);
    out.crlf();
  }
  if (fieldIndex(head, FIELD_X_SHOULD_RETRY) < 0) out.ascii('x-should-retry: false\r\n');
}

const ONE_ATTEMPT = Buffer.from('x-llm-router-attempts: 1\r\n');

/** After how many attempts this answer came. */
export function writeAttempts(out: HeadWriter, attempts: number): void {
  if (attempts === 1) {
    out.bytes(ONE_ATTEMPT);
    return;
  }
  out.ascii('x-llm-router-attempts: ');
  out.decimal(attempts);
  out.crlf();
}

/** Framing, persistence and the blank line. `lengthBytes` counts only with SEND_LENGTH. */
export function finishAnswerHead(
  out: HeadWriter,
  send: number,
  lengthBytes: number,
  client: { readonly minor: number; readonly keepAlive: boolean },
): void {
  if (send === SEND_CHUNKED) {
    out.ascii('Transfer-Encoding: chunked\r\n');
  } else if (send === SEND_LENGTH) {
    out.ascii('Content-Length: ');
    out.decimal(lengthBytes);
    out.crlf();
  }
  if (!client.keepAlive) out.ascii('Connection: close\r\n');
  else if (client.minor === 0) out.ascii('Connection: keep-alive\r\n');
  out.crlf();
}
