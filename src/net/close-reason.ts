/** What a socket error means to the data plane: `err.code` is mapped here, once. */
import {
  CLOSE_EXHAUSTED,
  CLOSE_OTHER,
  CLOSE_REFUSED,
  CLOSE_RESET,
  CLOSE_TLS,
  CLOSE_UNREACHABLE,
} from './transport.ts';

/** The TLS library's verdicts on a certificate, and the runtimes' own names for TLS trouble. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO|CERT_|CRL_|HOSTNAME_)|CERT/;

/** One of CLOSE_*. */
export function closeReasonOf(error: NodeJS.ErrnoException): number {
  const code = error.code ?? '';
  switch (code) {
    case 'ECONNREFUSED':
      return CLOSE_REFUSED;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return CLOSE_RESET;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEDOUT':
      return CLOSE_UNREACHABLE;
    case 'EADDRNOTAVAIL':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return CLOSE_EXHAUSTED;
    default:
      return TLS_CODES.test(code) ? CLOSE_TLS : CLOSE_OTHER;
  }
}
