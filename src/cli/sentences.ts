/** Turns what can stop a command into one sentence for the person at the terminal. */
import { ConfigError } from '#src/base/config.ts';
import { DataDirectoryError } from '#src/base/data-directory.ts';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { EmbeddedPostgresError } from '#src/base/embedded-postgres.ts';
import { ListenError } from '#src/base/http-server.ts';
import { InstanceError } from '#src/base/instance.ts';
import { MigrationError } from '#src/base/migrations.ts';
import { NotTheOwner } from '#src/base/partitions.ts';
import { Refusal } from '#src/base/refusals.ts';
import { SealError } from '#src/base/secrets.ts';
import { KeyRotationError } from '#src/oidc/key-rotation.ts';
import { RegistrationError } from '#src/registry/registrations.ts';
import { WorkerError } from '../worker-channel.ts';
import { OutOfPlace } from './command.ts';

/** Errors whose message is written for people already. */
const plain = [
  ConfigError,
  DataDirectoryError,
  EmbeddedPostgresError,
  InstanceError,
  ListenError,
  KeyRotationError,
  MigrationError,
  NotTheOwner,
  OutOfPlace,
  RegistrationError,
  WorkerError,
];

/** By SQLSTATE or system error code: what is the matter with the database, and what to do. */
const databaseTroubles: Record<string, string> = {
  '23505': 'got the same rows from somebody else at the same moment: run the command again.',
  '28P01': 'refuses the password: put the right one into DATABASE_URL.',
  '28000': 'refuses this user: see pg_hba.conf, or change DATABASE_URL.',
  '3D000': 'has no database of that name: create it, or change DATABASE_URL.',
  '42501': 'does not let this role do that: give the owner of the tables as DATABASE_MIGRATION_URL.',
  '42P01': 'has no such table yet: run "lawang migrate" first.',
  '53300': 'has no free connection: raise max_connections, or start fewer processes.',
  '57P03': 'is still starting: try again in a moment.',
  ECONNREFUSED: 'does not answer: is it running, and does DATABASE_URL say the right host and port?',
  ECONNRESET: 'cut the connection: see its log.',
  EAI_AGAIN: 'cannot be found: its name cannot be looked up right now.',
  ENOTFOUND: 'cannot be found: does DATABASE_URL say the right host?',
  ETIMEDOUT: 'does not answer in time: is it reachable from here?',
};

/** One sentence (of a settings report, one line for each mistake); undefined for what nobody foresaw. */
export function sentenceFor(error: unknown): string | undefined {
  if (plain.some((type) => error instanceof type)) return (error as Error).message;
  if (error instanceof Refusal) return `${error.in('en').say} ${error.in('en').next} (${error.message})`;
  if (error instanceof SealError) return `A sealed value cannot be opened with these MASTER_KEYS: ${error.message}.`;
  return databaseSentence(error);
}

function databaseSentence(error: unknown): string | undefined {
  const cause = error instanceof DatabaseUnavailable ? (error.cause ?? error) : error;
  const code = codeOf(cause);
  const trouble = databaseTroubles[code];
  if (trouble) return `The database ${trouble}`;
  return error instanceof DatabaseUnavailable || isConnectionTimeout(cause)
    ? `The database ${databaseTroubles.ETIMEDOUT}`
    : undefined;
}

/** Node reports a host with several addresses as one error with the others inside. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isConnectionTimeout(error: unknown): boolean {
  return error instanceof Error && /timeout (expired|exceeded)/.test(error.message);
}
