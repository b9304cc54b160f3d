/**
 * `api_base`: the address of an engine up to and including `/v1`.
 * Invariant: what passes is an absolute http(s) address without credentials, query or fragment,
 * in one spelling, so that equal endpoints have equal identities. Source: WHATWG URL.
 */

export interface ApiBaseFault {
  readonly message: string;
  readonly suggestion?: string;
}

/** The normalised address, or what is wrong with it. */
export function readApiBase(raw: string): string | ApiBaseFault {
  if (!/^[\x21-\x7e]+$/.test(raw)) {
    return { message: 'must be an http:// or https:// address without blanks' };
  }
  if (!/^https?:\/\/[^/\\]/i.test(raw)) {
    const message = 'must start with http:// or https:// and a host';
    const bare = /^[\w.-]+(:\d+)?(\/[\w./-]*)?$/.test(raw);
    return bare ? { message, suggestion: `http://${raw}` } : { message };
  }
  const url = URL.canParse(raw) ? new URL(raw) : undefined;
  if (url === undefined) return { message: 'is not a valid address (host or port)' };
  if (url.username !== '' || url.password !== '' || raw.includes('@')) {
    return { message: 'must not contain credentials; put the key into api_key' };
  }
  if (/[?#\\]/.test(raw)) return { message: 'must not contain "?", "#" or "\\"' };
  if (url.port === '0') return { message: 'must not have port 0' };
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** The parts a connection needs. */
export function splitApiBase(apiBase: string): {
  tls: boolean;
  host: string;
  port: number;
  basePath: string;
} {
  const url = new URL(apiBase);
  const tls = url.protocol === 'https:';
  return {
    tls,
    // A socket wants an IPv6 address without its brackets.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    basePath: url.pathname === '/' ? '' : url.pathname,
  };
}
