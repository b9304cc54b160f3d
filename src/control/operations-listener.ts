/**
 * The listener for operators, apart from the API (PROTOCOL §7). An ordinary node:http or node:https
 * server; nothing here is on the path of a request to a model.
 *
 * Invariant: a row's handler runs only after the Host, the origin, the token, the content type and
 * the body were found good, in this order; every answer carries the security fields; no failure of
 * a handler leaves this file.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { OperatorAccess } from './operator-access.ts';
import {
  type OperatorReply,
  type OperatorRoute,
  type OperatorRoutes,
  refusal,
  tooManyWrongTokens,
} from './operator-route.ts';

export interface OperationsParts {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly routes: OperatorRoutes;
  /** PEM texts; absent = plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly access: OperatorAccess;
  /** A handler failed. */
  onError(error: unknown, path: string): void;
  /** A connection on which nothing moves for so long is cut; for tests, else a minute. */
  readonly stallMs?: number;
}

export interface OperationsListener {
  readonly host: string;
  readonly port: number;
  close(): void;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 512;
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Nothing moved: who does not take its answer must not hold its memory nor its connection. */
const STALL_MS = 60_000;

const SECURITY_FIELDS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Rejects with the socket's error when the address cannot be bound. */
export function listenForOperators(parts: OperationsParts): Promise<OperationsListener> {
  const limits = { headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
  const server =
    parts.tls === undefined
      ? createServer(limits)
      : createTlsServer({ ...limits, ...parts.tls, handshakeTimeout: HEAD_TIMEOUT_MS });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = parts.stallMs ?? STALL_MS;
  server.on('request', (request, response) => void serve(parts, request, response));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(parts.port, parts.host, () => {
      server.off('error', reject);
      // Running out of file descriptors must not end the router; accepting goes on later.
      server.on('error', () => {});
      resolve(opened(server));
    });
  });
}

function opened(server: Server): OperationsListener {
  const { address: host, port } = server.address() as AddressInfo;
  return {
    host,
    port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(
  parts: OperationsParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_FIELDS)) response.setHeader(name, value);
  const [path, ...query] = (request.url ?? '').split('?');
  let reply: OperatorReply;
  try {
    reply = await replyTo(parts, request, path!, query.join('?'));
  } catch (error) {
    // The client went away in the middle of its body.
    if (response.destroyed) return;
    parts.onError(error, path!);
    reply = refusal(500, 'internal_error', 'The router failed to answer; its log says why.');
  }
  if (response.destroyed) return;
  try {
    if ('stream' in reply) reply.stream(response);
    else send(response, reply);
  } catch (error) {
    // Part of an answer may be out: nothing else can follow it.
    parts.onError(error, path!);
    response.destroy();
  }
}

function send(
  response: ServerResponse,
  reply: Exclude<OperatorReply, { readonly stream: unknown }>,
): void {
  // After a refusal the rest of a body may still come; nobody reads it.
  if (!response.req.complete) response.setHeader('Connection', 'close');
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'Content-Type': reply.type,
    'Content-Length': bytes.length,
    ...reply.headers,
  });
  response.end(bytes);
}

async function replyTo(
  { routes, access }: OperationsParts,
  request: IncomingMessage,
  path: string,
  query: string,
): Promise<OperatorReply> {
  const { method = '', headers } = request;
  const { localPort = 0, remoteAddress: peer = '' } = request.socket;
  const caller = { headers, localPort, peer };
  const foreign = access.refuses(method, headers);
  if (foreign !== undefined) return refusal(403, 'forbidden', foreign);
  const found = routes.find(method, path);
  const isOpen = 'route' in found && found.route.open === true;
  if (!isOpen && !access.admits(caller)) return unauthorized(access.waitMs(caller));
  if (!('route' in found)) return notFound(found.methods);
  const { route, params } = found;
  if (method !== 'GET' && !isJson(headers['content-type'])) {
    const message = 'A change needs the field Content-Type: application/json.';
    return refusal(415, 'unsupported_media_type', message);
  }
  const body = await bodyOf(route, request);
  if ('refused' in body) return body.refused;
  const search = new URLSearchParams(query);
  return route.handle({ params, query: search, headers, body: body.value, localPort, peer });
}

/** `waitMs`: how long this address has tried too many tokens. */
function unauthorized(waitMs: number): OperatorReply {
  if (waitMs > 0) return tooManyWrongTokens(waitMs);
  const message = 'This needs the token: Authorization: Bearer and dashboard.token.';
  return refusal(401, 'unauthorized', message, { 'WWW-Authenticate': 'Bearer' });
}

function notFound(methods: readonly string[]): OperatorReply {
  if (methods.length === 0) {
    return refusal(404, 'not_found', 'Not found; GET /admin/openapi.json lists what there is.');
  }
  const allow = methods.join(', ');
  return refusal(405, 'method_not_allowed', `Use ${allow}.`, { Allow: allow });
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json *(;|$)/i.test(contentType ?? '');
}

type Body = { readonly value: unknown } | { readonly refused: OperatorReply };

async function bodyOf({ body: schema }: OperatorRoute, request: IncomingMessage): Promise<Body> {
  if (schema === undefined) return { value: undefined };
  const bytes = await readBody(request);
  if (bytes === undefined) {
    const message = `A body may have ${MAX_BODY_BYTES} bytes.`;
    return { refused: refusal(413, 'body_too_large', message) };
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { refused: refusal(400, 'invalid_json', 'The body is not valid JSON.') };
  }
  const checked = schema.safeParse(value);
  if (checked.success) return { value: checked.data };
  const { path, message } = checked.error.issues[0]!;
  const where = path.length === 0 ? 'The body' : path.join('.');
  return { refused: refusal(400, 'invalid_body', `${where}: ${message}.`) };
}

/** undefined when it is too large. Rejects when the client goes away. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
