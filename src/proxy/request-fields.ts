// HOT PATH — bench: bench/main.ts
/**
 * The header fields that go up with a request, made once per request and copied by each attempt
 * (RFC 9110 §7.6): all end-to-end fields as they came, without the client's credentials, with our
 * own X-Forwarded-* and X-Request-Id.
 */
import {
  FIELD_API_KEY,
  FIELD_AUTHORIZATION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_EXPECT,
  FIELD_FORWARDED,
  FIELD_HOST,
  FIELD_X_API_KEY,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PROTO,
  FIELD_X_REQUEST_ID,
  fieldIndex,
  fieldValue,
} from '../http1/fields.ts';
import { type HeadWriter, writeForwardedFields } from '../http1/head-writer.ts';
import type { RequestHead } from '../http1/request-head.ts';

const DROP = new Uint8Array(256);
for (const id of [
  FIELD_HOST,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_AUTHORIZATION,
  FIELD_X_API_KEY,
  FIELD_API_KEY,
  FIELD_COOKIE,
  FIELD_X_REQUEST_ID,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PROTO,
  FIELD_FORWARDED,
]) {
  DROP[id] = 1;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's own request id if it is a plain one, else ''. Most send none. */
export function givenRequestId(chunk: Buffer, head: RequestHead): string {
  const id = fieldValue(chunk, head, FIELD_X_REQUEST_ID);
  return id !== '' && REQUEST_ID.test(id) ? id : '';
}

/** The end-to-end fields plus X-Forwarded-*, each line with its CRLF, into `out`. */
export function writeRequestFields(
  out: HeadWriter,
  chunk: Buffer,
  head: RequestHead,
  own: { readonly peer: string; readonly tls: boolean },
): void {
  writeForwardedFields(out, chunk, head, DROP);
  out.ascii('X-Forwarded-For: ');
  out.ascii(own.peer);
  out.ascii(own.tls ? '\r\nX-Forwarded-Proto: https\r\n' : '\r\nX-Forwarded-Proto: http\r\n');
  const host = fieldIndex(head, FIELD_HOST);
  if (host < 0) return;
  out.ascii('X-Forwarded-Host: ');
  out.span(chunk, head.valueStart[host], head.valueEnd[host]);
  out.crlf();
}

/** The client's Authorization line, into `out`: for endpoints that have no key of their own. */
export function writeClientAuthorization(out: HeadWriter, chunk: Buffer, head: RequestHead): void {
  const at = fieldIndex(head, FIELD_AUTHORIZATION);
  if (at < 0) return;
  out.ascii('Authorization: ');
  out.span(chunk, head.valueStart[at], head.valueEnd[at]);
  out.crlf();
}
