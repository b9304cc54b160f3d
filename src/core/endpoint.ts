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
}

/** Endpoints of one model. */
export interface ClusterSpec {
  readonly name: string;
  readonly endpoints: readonly EndpointSpec[];
}

/** One immutable routing state; a higher epoch replaces a lower one. */
export interface RouteTableSpec {
  readonly epoch: number;
  readonly strategy: string;
  readonly clusters: readonly ClusterSpec[];
}
