/**
 * An endpoint as an endpoint file describes it (the file says `model_list` and "backend").
 * Invariant: every field is validated and normalised, so later stages only copy.
 */
import type { OwnSettings } from '../core/endpoint.ts';
import type { Place } from './problem.ts';
import type { Secret } from './secret.ts';

export interface EndpointEntry {
  /** Identity across reloads: `model_name@api_base`. */
  readonly id: string;
  readonly modelName: string;
  /** The name the engine knows. */
  readonly upstreamModel: string;
  /** Normalised: no trailing slash, no default port, host in lower case. */
  readonly apiBase: string;
  /** Empty = none. */
  readonly apiKey: Secret;
  /** > 0. */
  readonly weight: number;
  /** Requests in any 60 s; 0 = unlimited. */
  readonly rpmLimit: number;
  readonly supportsVision: boolean;
  readonly sourceType: string;
  /** What it has of its own; absent for most. */
  readonly own?: OwnEntry;
  /** Where its deployment starts. */
  readonly place: Place;
}

/** As the data plane gets it, but its fields are secret: one may carry a key. */
export interface OwnEntry extends Omit<OwnSettings, 'headers'> {
  readonly headers: readonly (readonly [name: string, value: Secret])[];
}

/** What a file says for all its deployments that do not say otherwise. */
export type EndpointDefaults = Partial<
  Pick<
    OwnSettings,
    'maxParallel' | 'timeoutMs' | 'streamTimeoutMs' | 'numRetries' | 'cooldownMs' | 'probed'
  >
>;
