/** Why the embedded PostgreSQL cannot be had, as one sentence that a person at a terminal can act on. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError';
}
