/** Why a file cannot be read or written, in words; what has no words here is named by its code. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  // Of a folder that should be made where a file is.
  EEXIST: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many open files',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
};

export function fileReason(error: unknown): string {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
}
