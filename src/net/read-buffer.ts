/**
 * What the TCP connections of a thread read into: one `onBytes` at a time uses a buffer, and
 * nothing stays in it. A large body that comes in few pieces costs fewer calls; an answer that is
 * not read to its end waits in pieces of this size, so those are smaller.
 */
const REQUEST_BYTES = 256 * 1024;
const ANSWER_BYTES = 64 * 1024;

/** For connections that were accepted. */
export const REQUEST_BUFFER = Buffer.allocUnsafeSlow(REQUEST_BYTES);
/** For connections that we opened. */
export const ANSWER_BUFFER = Buffer.allocUnsafeSlow(ANSWER_BYTES);
