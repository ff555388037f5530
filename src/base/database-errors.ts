/** What an error of PostgreSQL, or of the way to it, means for whoever sent the statement. */
import pg from 'pg';

/** The database did not answer, or asked to try again. Becomes 503 with `Retry-After`. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

/** The error as it is, or as {@link DatabaseUnavailable} where it passes by itself. */
export function asUnavailable(error: unknown): unknown {
  return isUnavailable(error) ? new DatabaseUnavailable('the database is not available', { cause: error }) : error;
}

/** Whether PostgreSQL asks for the same transaction once more. */
export function isRetryable(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error;
  return ['40001', '40P01'].includes(sqlState(cause));
}

/** Whether a row is there already that only one may be. */
export function isConflict(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/** Whether nobody knows what became of the statement, so that its connection is of no more use. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && !(error.cause instanceof pg.DatabaseError);
}

/** A row that waited while the month it belongs to was made (`partitions.ts`); by itself a partition's bound names no constraint. */
function isMonthBeingMade(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23514' && error.constraint === undefined;
}

/**
 * Connection lost, server shutting down or starting, too many connections, asked to retry, a lock that was not had in time (a
 * migration's): all pass by themselves.
 */
function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (isMonthBeingMade(error)) return true;
  if (/^(08|53|57P)/.test(state) || ['40001', '40P01', '55P03', '57014', '25P03'].includes(state)) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].includes(state)) return true;
  return (
    error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered/.test(
      error.message,
    )
  );
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
