/** What a page's form sent, read strictly: small, valid UTF-8, no NUL, no field twice. */
import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { Refusal } from '#src/base/refusals.ts';

/** What all fields of a form may take together. */
export const FORM_BYTES = 64 * 1024;

/**
 * Fields that may come more than once: the ticked claims of a consent, the sectors of an agency, the apps of a list, the
 * withdrawals that one answer is for.
 */
const repeatable = ['claim', 'sector', 'app', 'withdrawal'] as const;
type Repeatable = (typeof repeatable)[number];

/** The fields of a form. */
export interface Form {
  /** The field's value, or the empty text. */
  get(name: string): string;
  /** Every value of a field that may repeat. */
  list(name: Repeatable): string[];
}

/**
 * Reads the body as `application/x-www-form-urlencoded`.
 *
 * @throws {Refusal} `body_too_large`, `invalid_request`
 */
export async function readForm(ctx: Context, limit = FORM_BYTES): Promise<Form> {
  const fields = new URLSearchParams(await readBody(ctx, limit));
  checkFields(fields);
  return formOf(fields);
}

/** Fields that have been checked, as a form. */
export function formOf(fields: URLSearchParams): Form {
  return { get: (name) => fields.get(name) ?? '', list: (name) => fields.getAll(name) };
}

/** The body as text. @throws {Refusal} `body_too_large`, `invalid_request` */
export async function readBody(ctx: Context, limit: number): Promise<string> {
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new Refusal('invalid_request', 'a form must be application/x-www-form-urlencoded');
  }
  return readText(ctx, limit);
}

/** The body as text, whatever it is. @throws {Refusal} `body_too_large`, `invalid_request` */
export async function readText(ctx: Context, limit: number): Promise<string> {
  return decode(await readBytes(ctx, limit));
}

/** The body as it came. @throws {Refusal} `body_too_large`, `invalid_request` */
export function readBytes(ctx: Context, limit: number): Promise<Buffer> {
  return getRawBody(ctx.req, { limit, length: ctx.req.headers['content-length'] ?? null }).catch((error: unknown) => {
    const isLarge = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
    throw new Refusal(isLarge ? 'body_too_large' : 'invalid_request', 'the body could not be read', { cause: error });
  });
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new Refusal('invalid_request', 'the body is not UTF-8', { cause });
  }
}

/** @throws {Refusal} `invalid_request` for a field that came twice, or that is not text */
export function checkFields(fields: URLSearchParams): void {
  const names = [...fields.keys()];
  const repeated = names.find((name, i) => !isRepeatable(name) && names.indexOf(name) !== i);
  if (repeated !== undefined) throw new Refusal('invalid_request', 'a field came twice');
  for (const value of fields.values()) {
    // The replacement character is what percent-encoded bytes that are not UTF-8 become.
    if (value.includes('\0') || value.includes('\uFFFD'))
      throw new Refusal('invalid_request', 'a field has a NUL or is not UTF-8');
  }
}

function isRepeatable(name: string): name is Repeatable {
  return repeatable.some((one) => one === name);
}
