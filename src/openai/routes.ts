// HOT PATH
/**
 * The routes of the API listener, and every spelling under which clients ask for them.
 *
 * Invariant: a path is matched exactly and undecoded (PROTOCOL 1.6), so what the router routes is
 * what the endpoint sees. The spellings are written out once, in a Map: with `/v1`, without it,
 * and with the doubled slash that comes from joining a base URL and a path carelessly.
 * Only the id in `/models/{id}` is free, and only there anything is percent-decoded.
 *
 * bench: bench/main.ts
 */

/** Whose error bodies and stream events the client of a route understands. */
export type Dialect = 'openai' | 'anthropic' | 'responses';

export interface Route {
  /** For logs and metrics: the suffix without its slash. */
  readonly name: string;
  /** `inference` is forwarded; the other kinds are answered by the router itself. */
  readonly kind: 'inference' | 'models' | 'model' | 'health' | 'ready';
  readonly method: 'POST' | 'GET';
  /** What to append to an endpoint's base path, e.g. `/chat/completions`. */
  readonly suffix: string;
  readonly dialect: Dialect;
  /** Repeating it costs compute and changes nothing, even if the first try was carried out. */
  readonly pureInference: boolean;
  /** An event stream of this route says when it is complete, so an early end can be told. */
  readonly expectsEnd: boolean;
  /** Its requests know `stream_options`, with which usage is asked for. */
  readonly streamOptions: boolean;
}

/** The route of a path (without its query), or undefined. */
export function findRoute(path: string): Route | undefined {
  const route = ROUTE_OF.get(path);
  if (route !== undefined) return route;
  const at = path.indexOf(MODELS_FOLDER);
  if (at === -1 || path.length === at + MODELS_FOLDER.length) return undefined;
  return ROUTE_OF.get(path.slice(0, at + MODELS_FOLDER.length - 1)) === MODELS ? MODEL : undefined;
}

/**
 * The id a path of kind `model` asks for, percent-decoded. An id may contain slashes, encoded or
 * not. One that cannot be decoded is returned as it came: no model has such a name.
 */
export function modelIdOf(path: string): string {
  const raw = path.slice(path.indexOf(MODELS_FOLDER) + MODELS_FOLDER.length);
  if (raw.indexOf('%') === -1) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** The value of `Allow` when a route is asked with another method. */
export function allowOf(route: Route): string {
  return route.method === 'POST' ? 'POST' : 'GET, HEAD';
}

const MODELS_FOLDER = '/models/';

/** Most routes: repeatable, and their streams (if any) have no end marker. */
function inference(suffix: string, traits: Partial<Route>): Route {
  return {
    name: suffix.slice(1),
    kind: 'inference',
    method: 'POST',
    suffix,
    dialect: traits.dialect ?? 'openai',
    pureInference: traits.pureInference ?? true,
    expectsEnd: traits.expectsEnd ?? false,
    streamOptions: traits.streamOptions ?? false,
  };
}

function own(kind: Route['kind'], suffix: string): Route {
  return {
    name: suffix.slice(1),
    kind,
    method: 'GET',
    suffix,
    dialect: 'openai',
    pureInference: true,
    expectsEnd: false,
    streamOptions: false,
  };
}

const MODELS = own('models', '/models');
const MODEL = own('model', '/models/{id}');

const ROUTES: readonly Route[] = [
  inference('/chat/completions', { expectsEnd: true, streamOptions: true }),
  inference('/completions', { expectsEnd: true, streamOptions: true }),
  inference('/embeddings', {}),
  // A response may be stored, run in the background or continue a conversation: not repeatable.
  inference('/responses', { dialect: 'responses', pureInference: false, expectsEnd: true }),
  inference('/messages', { dialect: 'anthropic', expectsEnd: true }),
  inference('/rerank', {}),
  inference('/score', {}),
  inference('/moderations', {}),
  inference('/tokenize', {}),
  inference('/detokenize', {}),
  MODELS,
  own('health', '/health'),
  own('ready', '/ready'),
];

const PREFIXES = ['', '/', '/v1', '//v1', '/v1/', '//v1/'];

const ROUTE_OF = new Map<string, Route>();
for (const route of ROUTES) {
  for (const prefix of PREFIXES) ROUTE_OF.set(prefix + route.suffix, route);
}
