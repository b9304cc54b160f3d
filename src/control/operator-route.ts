/**
 * What the operators' listener serves: rows of method, path and handler, and finding the row of a
 * request. Whoever has something to show registers rows; the listener alone decides who may come.
 *
 * Invariant: no two rows answer the same request. A path is matched as it came, undecoded, so that
 * an encoded slash in `{id}` never becomes a separator.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { z } from 'zod';

export type OperatorMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface OperatorRoute {
  /** Everything but GET changes something, and is guarded accordingly. */
  readonly method: OperatorMethod;
  /** `/admin/endpoints/{id}/check`: a name in braces stands for one URL-encoded segment. */
  readonly path: string;
  /** One line, for the OpenAPI document and docs/admin-api.md. */
  readonly summary: string;
  /** Query parameters: name to one line. */
  readonly query?: Readonly<Record<string, string>>;
  /** What the JSON body must be; absent: none is read. */
  readonly body?: z.ZodType;
  /** Media type of a good answer when it is not JSON. */
  readonly type?: string;
  /** Answered without the token: pages that hold no data, and signing in. */
  readonly open?: boolean;
  /** May reject; that is answered with 500 and logged. */
  handle(request: OperatorRequest): OperatorReply | Promise<OperatorReply>;
}

export interface OperatorRequest {
  /** The decoded segments that stand in braces in the row's path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Address of who asks. */
  readonly peer: string;
  /** Has passed the row's `body`; undefined when the row has none. */
  readonly body: unknown;
  /** Port of the listener that it came to. */
  readonly localPort: number;
}

export type OperatorReply =
  | {
      readonly status: number;
      readonly type: string;
      readonly body: string | Uint8Array;
      /** Win over the listener's own fields of the same name. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** An answer without an end: the handler writes to `response`, whose head it sends itself. */
  | { readonly stream: (response: ServerResponse) => void };

export function jsonReply(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): OperatorReply {
  return { status, type: 'application/json', body: JSON.stringify(body), headers };
}

/** An error; `type` is a word for programs, `message` a sentence for people. */
export function refusal(
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): OperatorReply {
  return jsonReply(status, { error: { message, type } }, headers);
}

/** No token of this address is looked at for so long. */
export function tooManyWrongTokens(waitMs: number): OperatorReply {
  const message = 'Too many wrong tokens came from this address; try again later.';
  const after = { 'Retry-After': String(Math.ceil(waitMs / 1000)) };
  return refusal(429, 'too_many_wrong_tokens', message, after);
}

export interface FoundRoute {
  readonly route: OperatorRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** `methods`: what the path takes instead; empty = there is no such path. */
export interface NotFound {
  readonly methods: readonly OperatorMethod[];
}

export class OperatorRoutes {
  readonly rows: readonly OperatorRoute[];
  readonly #segments: ReadonlyMap<OperatorRoute, readonly string[]>;

  /** Throws when two rows have the same method and path. */
  constructor(rows: readonly OperatorRoute[]) {
    const seen = new Set<string>();
    for (const { method, path } of rows) {
      const key = `${method} ${path.replace(/\{[^}]*\}/g, '{}')}`;
      if (seen.has(key)) throw new Error(`two routes answer ${key}`);
      seen.add(key);
    }
    // Plain paths first, so that {id} never takes what has a row of its own.
    const isPattern = ({ path }: OperatorRoute) => Number(path.includes('{'));
    this.rows = [...rows].sort((a, b) => isPattern(a) - isPattern(b));
    this.#segments = new Map(rows.map((row) => [row, row.path.split('/')]));
  }

  /** `path` is undecoded and without its query. */
  find(method: string, path: string): FoundRoute | NotFound {
    const segments = path.split('/');
    const methods: OperatorMethod[] = [];
    for (const route of this.rows) {
      const params = paramsOf(this.#segments.get(route)!, segments);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      methods.push(route.method);
    }
    return { methods };
  }
}

/** undefined when `segments` do not fit `pattern`. */
function paramsOf(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]!;
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined;
      continue;
    }
    const value = decoded(segment);
    if (value === undefined || value === '') return undefined;
    params[part.slice(1, -1)] = value;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
