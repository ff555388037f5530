/** Addresses that programs know by heart. */
import type { Context } from 'koa';
import type { OpenHouse } from './house.ts';

/** Where password managers and phones find what they look for (W3C change-password URL, passkey endpoints, related origins). */
export function answerWellKnown(ctx: Context, { config }: OpenHouse): boolean {
  const account = `${config.issuer}/account`;
  const documents: Record<string, object> = {
    '/.well-known/passkey-endpoints': { enroll: `${account}#passkeys`, manage: `${account}#passkeys` },
    '/.well-known/webauthn': { origins: [new URL(config.issuer).origin] },
  };
  if (ctx.path === '/.well-known/change-password') {
    ctx.redirect('/account/password');
    ctx.status = 302;
    return true;
  }
  const document = documents[ctx.path];
  if (!document) return false;
  ctx.set('Cache-Control', 'public, max-age=3600');
  ctx.body = document;
  return true;
}
