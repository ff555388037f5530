/** The directory of the settings where a sandbox keeps its database, its master key and its log. */
import { access, constants, mkdir, realpath } from 'node:fs/promises';

/** The data directory cannot be used; the message says which one, why, and what to do. */
export class DataDirectoryError extends Error {
  override name = 'DataDirectoryError';
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'may not be written by this user',
  EEXIST: 'is a file and no directory',
  ENOSPC: 'lies on a disk that is full',
  ENOTDIR: 'lies below a file',
  EPERM: 'may not be written by this user',
  EROFS: 'lies on a read-only file system',
};

/**
 * Makes the directory where there is none, for this user alone. @returns its real path
 *
 * @throws {DataDirectoryError} when it cannot be made, read or written
 */
export async function openDataDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    throw toDataDirectoryError(path, error);
  }
}

/** Turns a file system's error into one sentence. */
export function toDataDirectoryError(path: string, error: unknown): DataDirectoryError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code] ?? 'cannot be written';
  return new DataDirectoryError(
    `The data directory ${path} ${reason} (${code || 'unknown reason'}): set DATA_DIR to a directory that can be written.`,
    { cause: error },
  );
}
