/** A form with a file in it, read as strictly as every form: one file, no larger than the page takes, and its fields. */
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { checkFields, FORM_BYTES, type Form, formOf, readForm } from './forms.ts';

/** A file as somebody sent it. Its name and its type are what the sender says. */
export interface SentFile {
  /** Without a path; at most 200 characters, with nothing in it that does not print. */
  readonly name: string;
  readonly mediaType: string;
  readonly content: Buffer;
}

/** The fields of a form and its file, if one was chosen. */
export interface Upload extends Form {
  readonly file?: SentFile;
}

/** What a page takes. */
export interface UploadLimits {
  /** Bytes of the file; it is kept in memory while it is read. */
  readonly limit: number;
  /** Names of the fields beside `csrf`, `action` and the file, which is called `file`. */
  readonly fields: readonly string[];
}

/** More fields than any list has rows on a page. */
const MOST_FIELDS = 1_000;
const MOST_NAME = 200;

/**
 * Reads the body as `multipart/form-data` (RFC 7578); a form without a file may come as every other form does.
 *
 * @throws {Refusal} `body_too_large`, `invalid_request`
 */
export async function readUpload(ctx: Context, { limit, fields }: UploadLimits): Promise<Upload> {
  if (ctx.is('application/x-www-form-urlencoded')) return readForm(ctx);
  if (!ctx.is('multipart/form-data')) throw new Refusal('invalid_request', 'an upload must be multipart/form-data');
  if (Number(ctx.get('Content-Length') || 0) > limit + 2 * FORM_BYTES)
    throw new Refusal('body_too_large', 'the upload says that it is too large');
  const known = new Set([...fields, 'csrf', 'action']);
  const sent = await readParts(ctx, limit, known);
  checkFields(sent.fields);
  return { ...formOf(sent.fields), ...(sent.file && { file: sent.file }) };
}

interface Parts {
  readonly fields: URLSearchParams;
  readonly file?: SentFile;
}

async function readParts(ctx: Context, limit: number, known: ReadonlySet<string>): Promise<Parts> {
  const parser = openParser(ctx, limit);
  const fields = new URLSearchParams();
  let file: Promise<SentFile | undefined> = Promise.resolve(undefined);
  let length = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      const refuse = (code: 'invalid_request' | 'body_too_large', detail: string) => reject(new Refusal(code, detail));
      parser.on('field', (name, value, isNameCut, isCut) => {
        length += Buffer.byteLength(value);
        if (isCut || length > FORM_BYTES) refuse('body_too_large', 'the fields of an upload are too large');
        else if (isNameCut || !known.has(name))
          refuse('invalid_request', 'an upload has a field that its page has not');
        else fields.append(name, value);
      });
      parser.on('file', (field, stream, name, _encoding, mediaType) => {
        stream.on('limit', () => refuse('body_too_large', 'the file is too large'));
        if (field !== 'file') refuse('invalid_request', 'an upload has a file that its page has not');
        file = collect(stream, name, mediaType);
        file.catch(reject);
      });
      for (const limited of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const)
        parser.on(limited, () => refuse('invalid_request', `an upload has too much in it: ${limited}`));
      parser.on('error', reject);
      parser.on('finish', resolve);
      ctx.req.on('aborted', () => refuse('invalid_request', 'the upload broke off'));
      ctx.req.pipe(parser);
    });
    const whole = await file;
    return { fields, ...(whole && { file: whole }) };
  } catch (cause) {
    // What is left of it is not kept; the answer is read only once all is sent.
    ctx.req.unpipe(parser);
    ctx.req.resume();
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('invalid_request', 'the upload could not be read', { cause });
  }
}

function openParser(ctx: Context, limit: number): BusboyInstance {
  const headers = { ...ctx.req.headers, 'content-type': ctx.get('Content-Type') };
  const limits = {
    ...{ fileSize: limit, files: 1, fieldSize: FORM_BYTES, fieldNameSize: 100, fields: MOST_FIELDS },
    ...{ parts: MOST_FIELDS + 1, headerPairs: 20, headerSize: 4096 },
  };
  try {
    return new Busboy({ headers, limits });
  } catch (cause) {
    throw new Refusal('invalid_request', 'an upload has no boundary', { cause });
  }
}

/** A field that was left empty comes as a file without a name. */
async function collect(stream: BusboyFileStream, name: string, mediaType: string): Promise<SentFile | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  if (!name && content.length === 0) return undefined;
  return { name: printable(name), mediaType, content };
}

function printable(name: string): string {
  const clean = name.replaceAll(/[\p{C}\uFFFD]/gu, '').trim();
  return [...clean].slice(0, MOST_NAME).join('') || 'file';
}
