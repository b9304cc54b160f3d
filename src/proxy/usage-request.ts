// HOT PATH — bench: bench/main.ts
/**
 * Asks an engine to tell the usage of a stream whose client did not: an edit of the request body
 * (docs/decisions/0019-usage-of-streams.md). What comes of it is taken out again by usage-answer.
 */
import { ASK_FOR_USAGE, withUsage } from '../openai/stream-options.ts';
import type { ExchangeView } from './exchange-view.ts';

/** The body's bytes from … to are replaced. */
export interface BodyEdit {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

/** Longer `stream_options` are left alone: nobody writes them. */
const MAX_OPTIONS_BYTES = 1024;

/** The edit that this request may need; undefined = its usage is told anyway, or not counted. */
export function usageEdit({ body, plane, route }: ExchangeView): BodyEdit | undefined {
  const { firstKeyAt, optionsStart, optionsEnd, streamRequested } = body.model;
  if (!streamRequested || !route.streamOptions || !plane.options.streamUsage) return undefined;
  if (optionsStart < 0) return { from: firstKeyAt, to: firstKeyAt, bytes: ASK_FOR_USAGE };
  if (optionsEnd < 0 || optionsEnd - optionsStart > MAX_OPTIONS_BYTES) return undefined;
  const value = withUsage(textOf(body.spans, optionsStart, optionsEnd));
  if (value === undefined) return undefined;
  return { from: optionsStart, to: optionsEnd, bytes: Buffer.from(value) };
}

function textOf(spans: readonly Buffer[], from: number, to: number): string {
  const bytes = Buffer.allocUnsafe(to - from);
  let offset = 0;
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i]!;
    const end = offset + span.length;
    const start = Math.max(from, offset);
    if (end > from && offset < to) span.copy(bytes, start - from, start - offset, to - offset);
    offset = end;
  }
  return bytes.toString();
}
