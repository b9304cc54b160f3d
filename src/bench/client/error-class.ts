/** Names for what goes wrong with a request, as the report groups them. */
import {
  CLOSE_EXHAUSTED,
  CLOSE_REFUSED,
  CLOSE_RESET,
  CLOSE_TLS,
  CLOSE_UNREACHABLE,
} from '../../net/transport.ts';

/** The class of a connection that ended with one of CLOSE_*. */
export function closeClass(reason: number): string {
  switch (reason) {
    case CLOSE_REFUSED:
      return 'connection refused';
    case CLOSE_RESET:
      return 'connection reset';
    case CLOSE_TLS:
      return 'TLS failed';
    case CLOSE_UNREACHABLE:
      return 'host unreachable';
    case CLOSE_EXHAUSTED:
      return 'no socket or port left here';
    default:
      return 'connection closed early';
  }
}

export const TIMED_OUT = 'timed out';
export const TRUNCATED = 'answer cut short';
export const BROKEN_FRAMING = 'invalid HTTP';
export const ERROR_EVENT = 'error in the stream';
