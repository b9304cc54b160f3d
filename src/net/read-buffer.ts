/** One for all TCP connections of a thread: used by one `onBytes` at a time; nothing stays in it. */
const SIZE_BYTES = 64 * 1024;

export const READ_BUFFER = Buffer.allocUnsafeSlow(SIZE_BYTES);
