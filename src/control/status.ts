/**
 * What the control plane tells its faces about the fleet: plain data, read-only, made anew each
 * time. Faces know these types and nothing else of the router.
 */

/**
 * `well`: it takes traffic, or would if it had not asked for a pause. `failing`: its probes fail,
 * or requests failed and it has not served one since. `out`: the operator took it out.
 * `unknown`: not probed yet.
 */
export type Health = 'well' | 'failing' | 'out' | 'unknown';

export interface EndpointStatus {
  /** `model_name@api_base`. */
  readonly id: string;
  readonly modelName: string;
  readonly health: Health;
}

export interface ModelStatus {
  readonly name: string;
  readonly total: number;
  readonly healthy: number;
  /** Attempts sent to its endpoints in the last minute. */
  readonly requestsPerMinute: number;
}

export interface FleetStatus {
  readonly uptimeMs: number;
  readonly endpoints: readonly EndpointStatus[];
  readonly models: readonly ModelStatus[];
  readonly healthy: number;
  /** Requests since start, and those of them that were answered below 400. */
  readonly requests: number;
  readonly succeeded: number;
}

/** Why an endpoint just began to fail. */
export interface EndpointFailure {
  readonly id: string;
  readonly modelName: string;
  /** Who found out: its probes, or requests. */
  readonly voice: 'probe' | 'traffic';
  /** A few words: `connection refused`. */
  readonly cause: string;
}

/** Who follows the fleet. Calls return at once and do not throw. */
export interface FleetFollower {
  failed(failure: EndpointFailure): void;
  /** Comes about once a second. */
  look(status: FleetStatus): void;
  /** The process ends: keep nothing that would hold it. */
  stop(): void;
}
