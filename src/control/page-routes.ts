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

/** The address that the charts have in the Go program; people have it in their bookmarks. */
const CHARTS: OperatorRoute = {
  method: 'GET',
  path: '/charts',
  summary: 'Leads to the charts of the web dashboard.',
  type: 'text/html',
  open: true,
  handle: () => {
    return { status: 302, type: 'text/html', body: '', headers: { Location: './#/charts' } };
  },
};

export function pageRoutes(files: readonly PageFile[]): OperatorRoute[] {
  const rows = files.map((file): OperatorRoute => {
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
  return [...rows, CHARTS];
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
