/** Alerts as data: the state machine makes them, the texts are written from them. */
import type { FleetStatus } from '../../control/status.ts';

/** An endpoint that fails, or did. */
export interface Trouble {
  readonly id: string;
  readonly modelName: string;
  /** A few words; '' when nobody said. */
  readonly cause: string;
  /** Since it began to fail; for a recovery: how long it failed. */
  readonly forMs: number;
  /** It fails and comes back again and again. */
  readonly flapping: boolean;
}

export type Alert =
  | { readonly kind: 'test' }
  | {
      /** `failure` and `recovery` name those it happened to; the others name all that fail. */
      readonly kind: 'startup' | 'failure' | 'recovery' | 'report';
      readonly fleet: FleetStatus;
      readonly troubles: readonly Trouble[];
      /** Failures that were over before they were told, since the last report. */
      readonly shortFailures: number;
    };

/** The robots that are understood; the words of `webhook.type`. */
export type Robot = 'wecom' | 'feishu' | 'dingtalk' | 'slack' | 'json';
