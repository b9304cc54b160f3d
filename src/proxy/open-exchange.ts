// HOT PATH — bench: bench/main.ts
/**
 * From a request head to an exchange, or to the answer that ends it at once: unknown routes, wrong
 * methods, the router's own small routes, bodies that are refused before they are read.
 */
import { ERRORS } from '../core/errors.ts';
import { FIELD_CONTENT_ENCODING, fieldValue } from '../http1/fields.ts';
import { METHOD_GET, METHOD_HEAD, METHOD_POST, type RequestHead } from '../http1/request-head.ts';
import { allowOf, modelIdOf, type Route } from '../openai/routes.ts';
import { ANYBODY } from './client-keys.ts';
import { Exchange } from './exchange.ts';
import type { Client } from './exchange-view.ts';
import { ownAnswer } from './own-routes.ts';
import type { DataPlane } from './plane.ts';
import { errorAnswer, type OwnAnswer, refusalFields } from './reject.ts';

export function openExchange(
  client: Client,
  chunk: Buffer,
  head: RequestHead,
): Exchange | OwnAnswer {
  client.plane.visitor = ANYBODY;
  const route = client.plane.routes.find(chunk, head.targetStart, head.pathEnd);
  if (route === undefined) return errorAnswer('route_not_found', 'openai', pathOf(chunk, head));
  if (!allows(route, head.method)) {
    const method = chunk.toString('latin1', head.methodStart, head.methodEnd);
    const allow = `Allow: ${allowOf(route)}\r\n`;
    return errorAnswer('method_not_allowed', route.dialect, method, allow);
  }
  if (!recognise(client.plane, route, chunk)) {
    return errorAnswer('invalid_api_key', route.dialect, '', 'WWW-Authenticate: Bearer\r\n');
  }
  if (route.kind !== 'inference') {
    const id = route.kind === 'model' ? modelIdOf(pathOf(chunk, head)) : '';
    return ownAnswer(client.plane, route, id);
  }
  if (head.expectOther) return errorAnswer('expectation_failed', route.dialect, '');
  if (head.contentEncoded) {
    const coding = fieldValue(chunk, head, FIELD_CONTENT_ENCODING);
    return errorAnswer('unsupported_content_encoding', route.dialect, coding);
  }
  const { maxBodyBytes, maxRequests } = client.plane.options;
  if (maxRequests > 0 && client.plane.requestsInProgress() >= maxRequests) {
    const fields = refusalFields(ERRORS.too_many_requests.status, 1, false);
    return errorAnswer('too_many_requests', route.dialect, String(maxRequests), fields);
  }
  if (head.contentLength > maxBodyBytes) {
    return errorAnswer('body_too_large', route.dialect, String(maxBodyBytes));
  }
  const query =
    head.pathEnd === head.targetEnd ? '' : chunk.toString('latin1', head.pathEnd, head.targetEnd);
  return new Exchange(client, route, query, chunk);
}

function pathOf(chunk: Buffer, head: RequestHead): string {
  return chunk.toString('latin1', head.targetStart, head.pathEnd);
}

/** Finds out who came; false: it needs a key and has none of ours. */
function recognise(plane: DataPlane, route: Route, chunk: Buffer): boolean {
  if (plane.keys === undefined || route.kind === 'health' || route.kind === 'ready') return true;
  const known = plane.keys.find(chunk, plane.requestHead);
  if (known === undefined) return false;
  plane.visitor = known;
  return true;
}

function allows(route: Route, method: number): boolean {
  if (route.method === 'POST') return method === METHOD_POST;
  return method === METHOD_GET || method === METHOD_HEAD;
}
