/**
 * The endpoints that a worker knows, out of which the control plane has it assemble route tables:
 * see control/table-sender. Invariant: an endpoint that did not change stays the same object, so
 * whatever was made of it can be kept.
 */
import type { EndpointSpec, RouteTableSpec } from '../core/endpoint.ts';
import type { ToWorker } from '../core/plane-messages.ts';

export type Assembly = Extract<ToWorker, { kind: 'assemble' }>;

export class TableParts {
  readonly #bySlot = new Map<number, EndpointSpec>();

  constructor(spec: RouteTableSpec) {
    this.replace(spec);
  }

  /** A whole table: it holds all there is. */
  replace(spec: RouteTableSpec): RouteTableSpec {
    this.#bySlot.clear();
    for (const { endpoints } of spec.clusters) this.take(endpoints);
    return spec;
  }

  take(endpoints: readonly EndpointSpec[]): void {
    for (const endpoint of endpoints) this.#bySlot.set(endpoint.slot, endpoint);
  }

  /** Throws when an endpoint was not sent before: a mistake of the sender. */
  assemble({ table, names, sizes, slots }: Assembly): RouteTableSpec {
    let at = 0;
    const clusters = names.map((name, index) => {
      const endpoints = Array.from(slots.subarray(at, at + sizes[index]!), (slot) => {
        const endpoint = this.#bySlot.get(slot);
        if (endpoint === undefined) throw new Error(`slot ${slot} has no endpoint`);
        return endpoint;
      });
      at += sizes[index]!;
      return { name, endpoints };
    });
    return { ...table, clusters };
  }
}
