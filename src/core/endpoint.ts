/**
 * What the control plane tells the workers about the fleet: plain data, safe to post between
 * threads. Identity of an endpoint is `model_name@api_base`; the slot is its place in the shared
 * columns and stays with the identity across reloads.
 */

/** One engine address for one model (the configuration says "backend"). */
export interface EndpointSpec {
  /** `model_name@api_base`. */
  readonly id: string;
  readonly slot: number;
  /** The public model name, which names the cluster. */
  readonly modelName: string;
  /** The name the engine knows; when it differs from `modelName` the body's value is spliced. */
  readonly upstreamModel: string;
  readonly apiBase: string;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Path of `api_base` without a trailing slash, e.g. `/v1`; may be empty. */
  readonly basePath: string;
  /** Empty = none: then the client's own Authorization passes. */
  readonly apiKey: string;
  /** > 0; default 1. */
  readonly weight: number;
  /** Requests in any 60 s; 0 = unlimited. */
  readonly rpmLimit: number;
  readonly sourceType: string;
  /** What it has instead of the router's options; absent for most. */
  readonly own?: OwnSettings | undefined;
}

/** What one endpoint has of its own. */
export interface OwnSettings {
  /** Tried before all of a higher order. */
  readonly order: number;
  /** Attempts at once; 0 = the router's limit. */
  readonly maxParallel: number;
  /** Tokens in any 60 s, prompts and answers; 0 = unlimited. */
  readonly tpmLimit: number;
  /** Longest attempt; of a stream, its way to the first event. 0 = the router's limits. */
  readonly timeoutMs: number;
  /** Longest silence of a stream, its start included; 0 = as above. */
  readonly streamTimeoutMs: number;
  /** Further attempts after one here was the first; -1 = the router's number. */
  readonly numRetries: number;
  /** Its first ejection; 0 = it is never ejected, -1 = the router's. */
  readonly cooldownMs: number;
  /** Fields that its requests carry besides, as name and value. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** False: it is taken for healthy and never asked. */
  readonly probed: boolean;
}

/** Endpoints of one model. */
export interface ClusterSpec {
  /** With a `*` it serves every model that fits. */
  readonly name: string;
  readonly endpoints: readonly EndpointSpec[];
}

/** A public model name that is more than the name of its cluster. */
export interface NameSpec {
  readonly name: string;
  /** What it means: the name of a cluster, or one that a pattern covers. */
  readonly model: string;
  /** Models for when that one cannot answer, in order; of the same kind. */
  readonly fallbacks: readonly string[];
  /** GET /v1/models shows it. */
  readonly listed: boolean;
}

/** One immutable routing state; a higher epoch replaces a lower one. */
export interface RouteTableSpec {
  readonly epoch: number;
  readonly strategy: string;
  readonly clusters: readonly ClusterSpec[];
  /** Aliases, and whatever has fallbacks; absent = there are none. */
  readonly names?: readonly NameSpec[] | undefined;
}
