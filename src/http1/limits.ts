/**
 * How much of a message may come before its body; PROTOCOL §1.10. The bounds of what one
 * connection can make the codec hold or look at.
 */

/** From the first byte of a head (or of a trailer section) to the end of its blank line. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** Field lines of a head or of a trailer section. */
export const MAX_FIELDS = 128;

export const MAX_TARGET_BYTES = 8 * 1024;
export const MAX_METHOD_BYTES = 16;

/** Names listed in Connection: real peers send one or two, and each is looked up in the head. */
export const MAX_CONNECTION_OPTIONS = 64;

/** Chunk extensions of one message, semicolons included. */
export const MAX_EXTENSION_BYTES = 4 * 1024;
