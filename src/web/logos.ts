/** `/logos/:digest`: the picture of an app, checked before it came here. Its address changes with its content. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { findLogo } from '#src/registry/logos.ts';

/** Opened by itself a drawing is a document: it may load, run and send nothing, and has no origin. */
const policy = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'";

/** @throws {Refusal} `not_found` */
export async function showLogo(ctx: Context, digest: string): Promise<void> {
  const logo = /^[\w-]{43}$/.test(digest) ? await findLogo(ctx.state.db, digest) : undefined;
  if (!logo) throw new Refusal('not_found', 'no such logo');
  ctx.set('Content-Security-Policy', policy);
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
  ctx.type = logo.mediaType;
  ctx.body = logo.bytes;
}

/** Where a page finds an app's logo, if it has one. */
export function logoPath({ logoDigest }: Pick<ClientRecord, 'logoDigest'>): string | undefined {
  return logoDigest && `/logos/${logoDigest}`;
}
