/**
 * Serves the web dashboard's files, which the build has compressed. Invariant: they hold no data,
 * so they are open to all; what they may do in a browser is as little as they need: own scripts and
 * styles, nothing inline, no other host.
 */
import { gunzipSync } from 'node:zlib';
import type { OperatorReply, OperatorRequest, OperatorRoute } from './operator-route.ts';

export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  /** gzip, as base64. */
  readonly content: string;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export function pageRoutes(files: readonly PageFile[]): OperatorRoute[] {
  return files.map((file) => {
    const gzip = Buffer.from(file.content, 'base64');
    return {
      method: 'GET',
      path: file.path,
      summary: `The web dashboard: ${file.type.split(';')[0]}.`,
      type: file.type,
      open: true,
      handle: (request) => answer(file, gzip, request),
    };
  });
}

function answer({ type, etag }: PageFile, gzip: Buffer, request: OperatorRequest): OperatorReply {
  // Kept, but asked about each time: a new version must never meet an old script.
  const headers = {
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': POLICY,
    ETag: etag,
    Vary: 'Accept-Encoding',
  };
  if (request.headers['if-none-match'] === etag) return { status: 304, type, body: '', headers };
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    return { status: 200, type, body: gunzipSync(gzip), headers };
  }
  return { status: 200, type, body: gzip, headers: { ...headers, 'Content-Encoding': 'gzip' } };
}
