/**
 * The `stream_options` of a streamed request, with usage asked for. Pure and cold: it runs once
 * for a request that has the field.
 */

/** The default: what a request without the field gets in front of its first key. */
export const ASK_FOR_USAGE = Buffer.from('"stream_options":{"include_usage":true},');

/**
 * The value that also asks for usage, as JSON; undefined when `json` asks already, or is no object
 * that could: then the engine shall say what it thinks of it.
 */
export function withUsage(json: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const options = value as { include_usage?: unknown } | null;
  if (options?.include_usage === true) return undefined;
  return JSON.stringify({ ...options, include_usage: true });
}
