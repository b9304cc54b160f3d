/**
 * The alerts as `webhook.*` says now. Invariant: what the old ones have still to send is given up
 * when their address or rules change, so that nothing goes to a robot that nobody wants any more.
 */
import type { Config } from '../config/schema.ts';
import type { EndpointFailure, FleetFollower, FleetStatus } from '../control/status.ts';
import type { Logger } from '../observe/logger.ts';
import { startAlerts } from './alerts.ts';

export class LiveAlerts implements FleetFollower {
  readonly #log: Logger;
  #alerts: FleetFollower | undefined;

  constructor(webhook: Config['webhook'], log: Logger) {
    this.#log = log;
    this.#alerts = startAlerts(webhook, log);
  }

  configure(webhook: Config['webhook']): void {
    this.#alerts?.stop();
    this.#alerts = startAlerts(webhook, this.#log);
  }

  failed(failure: EndpointFailure): void {
    this.#alerts?.failed(failure);
  }

  look(status: FleetStatus): void {
    this.#alerts?.look(status);
  }

  stop(): void {
    this.#alerts?.stop();
  }
}
