// HOT PATH
/**
 * Checks the value of Host.
 *
 * Invariant: what passes is one host name, IPv4 address or bracketed literal with at most one
 * port: no userinfo, no path, no list. Source: RFC 9110 §7.2, RFC 3986 §3.2; PROTOCOL §1.5.
 * bench: bench/head-parse.ts
 */
import { COLON, HOST_LITERAL, HOST_NAME, ZERO } from './bytes.ts';
import { HOST_EMPTY, HOST_PORT, HOST_SYNTAX } from './parse-error.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const MAX_PORT = 65535;
const MAX_PORT_DIGITS = 5;

/** 0 or a parse error. */
export function hostError(buf: Buffer, start: number, end: number): number {
  if (start === end) return HOST_EMPTY;
  let pos = start;
  if (buf[pos] === OPEN) {
    pos++;
    while (pos < end && HOST_LITERAL[buf[pos]] === 1) pos++;
    if (pos === start + 1 || pos === end || buf[pos] !== CLOSE) return HOST_SYNTAX;
    pos++;
  } else {
    while (pos < end && HOST_NAME[buf[pos]] === 1) pos++;
    if (pos === start) return HOST_SYNTAX;
  }
  if (pos === end) return 0;
  return buf[pos] === COLON ? portError(buf, pos + 1, end) : HOST_SYNTAX;
}

function portError(buf: Buffer, start: number, end: number): number {
  if (start === end || end - start > MAX_PORT_DIGITS) return HOST_PORT;
  let port = 0;
  for (let i = start; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return HOST_PORT;
    port = port * 10 + digit;
  }
  return port > MAX_PORT ? HOST_PORT : 0;
}
