import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeReasonOf } from './close-reason.ts';
import {
  CLOSE_EXHAUSTED,
  CLOSE_OTHER,
  CLOSE_REFUSED,
  CLOSE_RESET,
  CLOSE_TLS,
  CLOSE_UNREACHABLE,
} from './transport.ts';

const REASONS: readonly (readonly [number, readonly string[]])[] = [
  [CLOSE_REFUSED, ['ECONNREFUSED']],
  [CLOSE_RESET, ['ECONNRESET', 'EPIPE', 'ECONNABORTED']],
  [CLOSE_UNREACHABLE, ['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT']],
  [CLOSE_EXHAUSTED, ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL']],
  [CLOSE_TLS, ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO']],
  [CLOSE_OTHER, ['EWHATEVER', '']],
];

test('tells what the peer did from what this machine could not do', () => {
  for (const [reason, codes] of REASONS) {
    for (const code of codes) {
      assert.equal(closeReasonOf(Object.assign(new Error(), { code })), reason, code);
    }
  }
});
