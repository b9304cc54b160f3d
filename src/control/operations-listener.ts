/**
 * The listener for operators: apart from the API and on the loopback address only (PROTOCOL §7).
 * An ordinary node:http server; nothing here is on the path of a request to a model.
 * A Host that does not name this machine is refused, so that no web page can read it by rebinding.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const HOST_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OperationsListener {
  readonly port: number;
  close(): void;
}

/** Rejects with the socket's error when the port cannot be bound. */
export function listenForOperators(
  port: number,
  dashboard: () => object,
): Promise<OperationsListener> {
  const server = createServer((request, response) => answer(request, response, dashboard));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      // Running out of file descriptors must not end the router; accepting goes on later.
      server.on('error', () => {});
      const address = server.address() as AddressInfo;
      resolve({
        port: address.port,
        close() {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

function answer(request: IncomingMessage, response: ServerResponse, dashboard: () => object): void {
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const path = (request.url ?? '').split('?')[0];
  if (!HOST_NAMES.has(name)) {
    json(response, 403, { error: { message: 'This Host is not served here.', type: 'forbidden' } });
  } else if (path !== '/api/dashboard') {
    const message = 'Not found; GET /api/dashboard shows the state of the fleet.';
    json(response, 404, { error: { message, type: 'not_found' } });
  } else if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET');
    json(response, 405, { error: { message: 'Use GET.', type: 'method_not_allowed' } });
  } else {
    json(response, 200, dashboard());
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(JSON.stringify(body));
}
