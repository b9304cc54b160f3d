/** All secrets that the router knows, for whoever has to keep them out of a text. */
import type { Config } from '../../config/schema.ts';
import type { EndpointSpec } from '../../core/endpoint.ts';

/** Parts of an address at least this long may be its key. */
const MIN_KEY = 8;

export function secretsOf(config: Config, endpoints: readonly EndpointSpec[]): string[] {
  const { server, dashboard, webhook } = config;
  const clients = server.apiKeys.map((given) => (typeof given === 'string' ? given : given.key));
  const engines = endpoints.flatMap(({ apiKey, own }) => {
    return [apiKey, ...(own?.headers ?? []).map(([, value]) => value)];
  });
  return [dashboard.token, ...addressParts(webhook.url), ...clients, ...engines];
}

/** A robot's key stands in its address: in the query, or as a part of the path. */
function addressParts(url: string): string[] {
  if (!URL.canParse(url)) return [url];
  const { pathname, searchParams } = new URL(url);
  const parts = [...pathname.split('/'), ...searchParams.values()];
  return [url, ...parts.filter((part) => part.length >= MIN_KEY)];
}
