/**
 * The fields of the control plane's own requests to an engine. A probe or a scrape shows what
 * requests show: some engines, and gateways before them, want their key in a field of its own.
 * Invariant: names are in lower case, so that no field travels twice; what an endpoint lists as
 * `extra_headers` counts more than its `api_key`.
 */
import type { EndpointSpec } from '../core/endpoint.ts';

export type EndpointFields = Readonly<Record<string, string>>;

export function fieldsOf({ apiKey, own }: EndpointSpec): EndpointFields {
  const fields: Record<string, string> = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };
  for (const [name, value] of own?.headers ?? []) fields[name.toLowerCase()] = value;
  return fields;
}

export function sameFields(a: EndpointFields, b: EndpointFields): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
