import { accessSync, constants } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { EmbeddedPostgresError } from './error.ts';

/**
 * Makes this process the only one that may use `path`, until `release()` or its death, whichever way it dies.
 *
 * The lock is the operating system's own file lock, which SQLite takes on every platform and Node.js offers nowhere else.
 * It outlives no process, is not inherited by children, and also excludes a second call in the same process.
 * The file stays behind, empty, and means nothing by itself.
 *
 * @throws EmbeddedPostgresError with `refusal` when another holder is alive
 */
export function takeLock(path: string, refusal: string): { release(): void } {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    accessSync(path, constants.W_OK); // on a file that it may only read, SQLite would be content with a shared lock
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const { message } = error as Error;
    const sentence = isBusy(error) ? refusal : `The file ${path} cannot be locked (${message}): is it another user's?`;
    throw new EmbeddedPostgresError(sentence, { cause: error });
  }
  const held = database;
  return { release: () => held.close() };
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
