/** Resident memory of this process. */

let lastBytes = 0;

/**
 * In bytes. The reading needs a file descriptor; while there is none the last one is told again,
 * since nobody should fall because of a figure.
 */
export function memoryInUseBytes(read = process.memoryUsage.rss): number {
  try {
    lastBytes = read();
  } catch {
    // EMFILE, ENFILE.
  }
  return lastBytes;
}
