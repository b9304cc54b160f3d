/**
 * The bytes of an endpoint that never change between requests: request line, Host and
 * Authorization for each route, and its own model name as a JSON string. Built when a route
 * table arrives, so a request only copies them.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import type { Route } from '../openai/routes.ts';

export class EndpointBytes {
  readonly spec: EndpointSpec;
  /** Key of its connections in the pool. */
  readonly origin: string;
  /** `"name"` as the engine knows it; empty when it is the public name. */
  readonly modelJson: Buffer;
  readonly hasKey: boolean;
  readonly #fixed: string;
  readonly #heads = new Map<string, Buffer>();

  constructor(spec: EndpointSpec) {
    this.spec = spec;
    this.origin = `${spec.tls ? 'https' : 'http'}://${spec.host}:${spec.port}`;
    this.modelJson = Buffer.from(
      spec.upstreamModel === spec.modelName ? '' : JSON.stringify(spec.upstreamModel),
    );
    this.hasKey = spec.apiKey !== '';
    const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
    const port = spec.port === (spec.tls ? 443 : 80) ? '' : `:${spec.port}`;
    const key = this.hasKey ? `Authorization: Bearer ${spec.apiKey}\r\n` : '';
    this.#fixed = ` HTTP/1.1\r\nHost: ${host}${port}\r\n${key}`;
  }

  /** Request line, Host and Authorization. `query` is empty or begins with `?`. */
  requestHead(route: Route, query: string): Buffer {
    if (query !== '') return this.#build(route, query);
    let head = this.#heads.get(route.name);
    if (head === undefined) {
      head = this.#build(route, '');
      this.#heads.set(route.name, head);
    }
    return head;
  }

  #build(route: Route, query: string): Buffer {
    const target = `${this.spec.basePath}${route.suffix}${query}`;
    return Buffer.from(`${route.method} ${target}${this.#fixed}`, 'latin1');
  }
}
