/**
 * The bytes of an endpoint that never change between requests: request line, Host, Authorization
 * and its own fields for each route, and its own name for the model. Built when a route table
 * arrives, so a request only copies them. And one thing learned: whether the engine takes a
 * question for the usage of a stream, which old ones answer with 400 or 422.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import { fillPattern, isPattern } from '../core/model-pattern.ts';
import type { Route } from '../openai/routes.ts';
import type { RequestBody } from './request-body.ts';

const NO_BYTES = Buffer.alloc(0);

/** Whether the engine takes `stream_options`: not known; one refusal; both tried. */
const USAGE_UNKNOWN = 0;
const USAGE_DOUBTED = 1;
const USAGE_TAKEN = 2;
const USAGE_REFUSED = 3;

export class EndpointBytes {
  readonly spec: EndpointSpec;
  /** Key of its connections in the pool. */
  readonly origin: string;
  /** It has an Authorization of its own: the client's stays here. */
  readonly hasKey: boolean;
  /** Fields that the client may not send there, in lower case: the endpoint has its own. */
  readonly ownNames: readonly string[];
  /** Its name for the model as a JSON string; with stars it is made for each request. */
  readonly #modelJson: Buffer;
  readonly #isPattern: boolean;
  /** The line of an answer's head that names it. */
  readonly answerLine: Buffer;
  readonly #fixed: string;
  readonly #heads = new Map<string, Buffer>();
  /** Asked for last: most endpoints see one route. */
  #lastRoute: Route | undefined = undefined;
  #lastHead: Buffer = NO_BYTES;
  #usage = USAGE_UNKNOWN;

  constructor(spec: EndpointSpec) {
    this.spec = spec;
    this.origin = `${spec.tls ? 'https' : 'http'}://${spec.host}:${spec.port}`;
    this.#isPattern = isPattern(spec.upstreamModel);
    this.#modelJson = Buffer.from(JSON.stringify(spec.upstreamModel));
    const headers = spec.own?.headers ?? [];
    this.ownNames = headers.map(([name]) => name.toLowerCase());
    this.answerLine = Buffer.from(`x-llm-router-endpoint: ${visible(spec.id)}\r\n`);
    // A request has one Authorization (RFC 9110 §11.6.2); what its own fields say counts more.
    const isOwn = this.ownNames.includes('authorization');
    this.hasKey = isOwn || spec.apiKey !== '';
    const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
    const port = spec.port === (spec.tls ? 443 : 80) ? '' : `:${spec.port}`;
    const key = this.hasKey && !isOwn ? `Authorization: Bearer ${spec.apiKey}\r\n` : '';
    const own = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#fixed = ` HTTP/1.1\r\nHost: ${host}${port}\r\n${key}${own}`;
  }

  /**
   * What to put in the place of the model's value in the body; empty = it stays. `matched`: what
   * the stars of the public name stand for.
   */
  modelJson(asked: string, matched: readonly string[]): Buffer {
    const { upstreamModel } = this.spec;
    if (upstreamModel === asked) return NO_BYTES;
    if (!this.#isPattern || matched.length === 0) return this.#modelJson;
    const name = fillPattern(upstreamModel, matched);
    return name === asked ? NO_BYTES : Buffer.from(JSON.stringify(name));
  }

  /** Request line, Host and Authorization. `query` is empty or begins with `?`. */
  requestHead(route: Route, query: string): Buffer {
    if (query !== '') return this.#build(route, query);
    if (route === this.#lastRoute) return this.#lastHead;
    let head = this.#heads.get(route.name);
    if (head === undefined) {
      head = this.#build(route, '');
      this.#heads.set(route.name, head);
    }
    this.#lastRoute = route;
    this.#lastHead = head;
    return head;
  }

  /** Whether to put our question for usage into a request. */
  takesUsage(): boolean {
    return this.#usage === USAGE_UNKNOWN || this.#usage === USAGE_TAKEN;
  }

  /**
   * Learns from a status. True: our question may be why, so the request shall be sent again
   * without it; what comes then shows whether it was. Once an endpoint has taken one, it never is.
   */
  refusesUsage(status: number, body: RequestBody): boolean {
    const { held, usageAsked, usageWithheld } = body;
    if (usageAsked && status === 200) this.#usage = USAGE_TAKEN;
    if (usageWithheld && this.#usage === USAGE_DOUBTED) {
      this.#usage = status === 200 ? USAGE_REFUSED : USAGE_UNKNOWN;
    }
    if (!usageAsked || !held || this.#usage !== USAGE_UNKNOWN) return false;
    if (status !== 400 && status !== 422) return false;
    this.#usage = USAGE_DOUBTED;
    body.usageRefused = true;
    return true;
  }

  #build(route: Route, query: string): Buffer {
    const target = `${this.spec.basePath}${route.suffix}${query}`;
    return Buffer.from(`${route.method} ${target}${this.#fixed}`, 'latin1');
  }
}

/** A model's name may have characters that a header cannot carry. */
function visible(id: string): string {
  return id.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}
