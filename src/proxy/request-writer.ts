// HOT PATH — bench: bench/main.ts
/**
 * Writes a request to an endpoint: fixed head bytes, the end-to-end fields, the body as it came,
 * with the model's name replaced where the endpoint knows it by another, and usage asked for.
 */
import type { Transport } from '../net/transport.ts';
import type { EndpointBytes } from './endpoint-bytes.ts';
import type { ExchangeView } from './exchange-view.ts';
import { SMALL_REQUEST_BYTES } from './plane.ts';
import { type BodyEdit, usageEdit } from './usage-request.ts';

/** Returns the bytes written, head included. */
export function writeRequest(
  transport: Transport,
  exchange: ExchangeView,
  endpoint: EndpointBytes,
): number {
  const { body, plane } = exchange;
  const alias = endpoint.modelJson(exchange.asked, exchange.matched);
  const wanted = usageEdit(exchange);
  const asks = wanted !== undefined && !body.usageRefused && endpoint.takesUsage();
  const edit = asks ? wanted : undefined;
  body.usageAsked = asks;
  body.usageWithheld = wanted !== undefined && !asks;
  const bodyBytes = body.sizeBytes + addedBytes(exchange, alias, edit);
  const out = plane.upstreamOut;
  out.reset();
  out.bytes(endpoint.requestHead(exchange.route, exchange.query));
  const { fields } = exchange;
  if (!endpoint.hasKey) fields.writeAuthorization(out);
  fields.writeEndToEnd(out, endpoint.ownNames);
  out.ascii('Content-Length: ');
  out.decimal(bodyBytes);
  out.ascii('\r\n\r\n');
  const size = out.length + bodyBytes;
  const spans = edited(exchange, alias, edit);
  if (size <= SMALL_REQUEST_BYTES) {
    for (let i = 0; i < spans.length; i++) out.bytes(spans[i]!);
    plane.sendUpstream(transport);
    return size;
  }
  plane.sendUpstream(transport);
  // The spans are the exchange's own and never change, so the transport may keep them.
  for (let i = 0; i < spans.length; i++) transport.write(spans[i]!);
  return size;
}

/** How much longer the body becomes. */
function addedBytes(exchange: ExchangeView, alias: Buffer, edit: BodyEdit | undefined): number {
  const { valueStart, valueEnd } = exchange.body.model;
  const byAlias = alias.length === 0 ? 0 : alias.length - (valueEnd - valueStart);
  return edit === undefined ? byAlias : byAlias + edit.bytes.length - (edit.to - edit.from);
}

/** The body's spans with the model's value replaced (unless `alias` is empty) and the edit made. */
function edited(
  { body }: ExchangeView,
  alias: Buffer,
  edit: BodyEdit | undefined,
): readonly Buffer[] {
  const { spans, model } = body;
  if (alias.length === 0) return edit === undefined ? spans : spliced(spans, edit);
  const rename = { from: model.valueStart, to: model.valueEnd, bytes: alias };
  if (edit === undefined) return spliced(spans, rename);
  // The later one first: the offsets of the other stay true.
  if (edit.from > rename.from) return spliced(spliced(spans, edit), rename);
  return spliced(spliced(spans, rename), edit);
}

function spliced(spans: readonly Buffer[], { from, to, bytes }: BodyEdit): readonly Buffer[] {
  const parts: Buffer[] = [];
  let offset = 0;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i]!;
    const end = offset + span.length;
    if (offset < from) parts.push(span.subarray(0, Math.min(from, end) - offset));
    if (offset <= from && from < end) parts.push(bytes);
    if (end > to) parts.push(span.subarray(Math.max(to, offset) - offset));
    offset = end;
  }
  return parts;
}
