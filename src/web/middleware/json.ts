/** What a program sent, read strictly: small, shallow, and with nothing in it that cannot be kept. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { readText } from './forms.ts';

const JSON_BYTES = 256 * 1024;
const MAX_DEPTH = 20;

/**
 * The body as JSON, and as it came.
 *
 * @throws {Refusal} `content_type_unknown`, `body_too_large`, `invalid_request`
 */
export async function readJson(ctx: Context): Promise<{ value: unknown; text: string }> {
  if (!ctx.is('application/json')) throw new Refusal('content_type_unknown', 'the body is not application/json');
  const text = await readText(ctx, JSON_BYTES);
  const value = parse(text);
  checkKept(value);
  return { value, text };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Refusal('invalid_request', 'the body is not JSON', { cause });
  }
}

/** Refuses what the database does not take (a NUL, half a character), what is no plain key, and what is nested without end. */
function checkKept(value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw new Refusal('invalid_request', 'the body is nested too deep');
  if (typeof value === 'string') checkText(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') throw new Refusal('invalid_request', 'the body has a key __proto__');
    checkText(key);
    checkKept(inner, depth + 1);
  }
}

function checkText(text: string): void {
  if (text.includes('\0') || !text.isWellFormed())
    throw new Refusal('invalid_request', 'the body has a NUL or half a character');
}
