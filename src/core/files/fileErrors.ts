import { failure, reasonOf } from '../errors.ts';

/** Whether an error of Node's file system calls has one of `codes`. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Turns an error of the file system into one for people; others pass unchanged. */
export function explainFileError(error: unknown, path: string): unknown {
  if (hasCode(error, 'EEXIST')) return failure('fileExists', { path }, error);
  if (hasCode(error, 'ENOENT')) return failure('fileMissing', { path }, error);
  if (hasCode(error, 'ENOSPC', 'EDQUOT')) return failure('diskFilledUp', { path }, error);
  if (hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EIO', 'EFBIG', 'ENAMETOOLONG')) {
    return failure('fileUnusable', { path, reason: reasonOf(error) }, error);
  }
  return error;
}
