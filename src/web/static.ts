/** Stylesheet, scripts and mark: files with hashed names, compressed once, kept by browsers for a year. */
import type { Middleware } from 'koa';
import { findAsset } from '#views/assets.ts';

/** An asset asks for nothing, so that its policy can be short: on 2G every header counts. */
const policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

export const assets: Middleware = (ctx, next) => (ctx.path.startsWith('/assets/') ? answer(ctx, next) : next());

const answer: Middleware = async (ctx, next) => {
  const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? findAsset(ctx.path) : undefined;
  if (!asset) return next();
  ctx.set('Content-Security-Policy', policy);
  ctx.remove('Permissions-Policy');
  ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
  ctx.set('Vary', 'Accept-Encoding');
  ctx.set('ETag', asset.etag);
  ctx.status = 200;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity');
  ctx.type = asset.contentType;
  if (encoding === 'br') ctx.set('Content-Encoding', 'br');
  if (encoding === 'gzip') ctx.set('Content-Encoding', 'gzip');
  ctx.body = encoding === 'br' ? asset.brotli : encoding === 'gzip' ? asset.gzip : asset.body;
};
