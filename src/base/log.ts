/**
 * The log: JSON lines on standard output, each request with a reference that error pages show too.
 *
 * Nothing personal and no secret goes in: log ids and codes, never values. The list below is the net under that rule.
 */
import { randomFillSync } from 'node:crypto';
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

const secrets = [
  'password',
  'code',
  'token',
  'secret',
  'cookie',
  'authorization',
  'identifier',
  'credential',
  'email',
  'phone',
  'nik',
];

/** Writes to standard output unless given another place. Lines of one of several processes carry its number. */
export function createLog(level: string, destination: DestinationStream = pino.destination(1), worker?: number): Log {
  const options = {
    level,
    base: worker === undefined ? null : { worker },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  };
  return pino(options, destination);
}

/** An error without its parameters: PostgreSQL puts row values into `detail` and `where`, which stay out. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: 'not an error' };
  const { name, message, stack, cause } = error;
  const errorCode = 'code' in error ? error.code : undefined;
  return { name, errorCode, message, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}

const letters = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
const LETTERS = 10;

/** Random bytes are drawn for many references at once: each draw costs more than the rest of a reference. */
const drawn = { bytes: Buffer.alloc(LETTERS * 256), used: LETTERS * 256 };

/** A short reference for one request: in the log, on the error page, read out on the telephone. */
export function newReference(): string {
  if (drawn.used === drawn.bytes.length) {
    randomFillSync(drawn.bytes);
    drawn.used = 0;
  }
  let text = '';
  for (let i = 0; i < LETTERS; i += 1) text += letters.charAt((drawn.bytes[drawn.used + i] ?? 0) % letters.length);
  drawn.used += LETTERS;
  return `${text.slice(0, 5)}-${text.slice(5)}`;
}
