/** One for all TCP connections of a thread: one `onBytes` at a time uses it, and nothing stays. */
const SIZE_BYTES = 64 * 1024;

export const READ_BUFFER = Buffer.allocUnsafeSlow(SIZE_BYTES);
