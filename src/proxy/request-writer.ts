// HOT PATH — bench: bench/main.ts
/**
 * Writes a request to an endpoint: fixed head bytes, the end-to-end fields, the body as it came,
 * with the model's name replaced where the endpoint knows it by another.
 */
import type { Transport } from '../net/transport.ts';
import type { EndpointBytes } from './endpoint-bytes.ts';
import type { ExchangeView } from './exchange-view.ts';
import { SMALL_REQUEST_BYTES } from './plane.ts';

/** Returns the bytes written, head included. */
export function writeRequest(
  transport: Transport,
  exchange: ExchangeView,
  endpoint: EndpointBytes,
): number {
  const { body, plane } = exchange;
  const field = body.model;
  const alias = endpoint.modelJson(exchange.asked, exchange.matched);
  const cut = alias.length === 0 ? 0 : field.valueEnd - field.valueStart;
  const bodyBytes = body.sizeBytes - cut + alias.length;
  const out = plane.upstreamOut;
  out.reset();
  out.bytes(endpoint.requestHead(exchange.route, exchange.query));
  const { fields } = exchange;
  if (!endpoint.hasKey) out.bytes(fields.authorization);
  out.bytes(endpoint.ownNames.length === 0 ? fields.endToEnd : fields.without(endpoint.ownNames));
  out.ascii('Content-Length: ');
  out.decimal(bodyBytes);
  out.ascii('\r\n\r\n');
  const size = out.length + bodyBytes;
  const spans = alias.length === 0 ? body.spans : spliced(exchange, alias);
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

/** The body's spans with the bytes of the model's value replaced by `value`. */
function spliced(exchange: ExchangeView, value: Buffer): readonly Buffer[] {
  const { spans, model } = exchange.body;
  const from = model.valueStart;
  const to = model.valueEnd;
  const parts: Buffer[] = [];
  let offset = 0;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i]!;
    const end = offset + span.length;
    if (offset < from) parts.push(span.subarray(0, Math.min(from, end) - offset));
    if (offset <= from && from < end) parts.push(value);
    if (end > to) parts.push(span.subarray(Math.max(to, offset) - offset));
    offset = end;
  }
  return parts;
}
