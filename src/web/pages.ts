/** Pages without an interaction: the front page, help, privacy, and the end of a sign-out. */
import type { Context } from 'koa';
import type { LogoutForm } from '#src/oidc/provider.ts';
import { EXAMPLE_PASSWORD } from '#src/people/example-citizens.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { helpPage, privacyPage } from '#views/help.ts';
import { homePage, sandboxHomePage } from '#views/home.ts';
import { signedOutPage, signOutPage } from '#views/sign-out.ts';
import { frameOf, serviceOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';

/** `GET /`. In a sandbox it says what can be tried. */
export function showHome(ctx: Context, house: OpenHouse): void {
  const frame = frameOf(ctx, house);
  if (house.config.mode === 'production') {
    show(ctx, homePage({ ...frame, accountLink: '/account' }));
    return;
  }
  const running = house.config.sampleApps ? ['puskesmas-online', 'pajak-daerah'] : [];
  const apps = running.map((id) => house.clients.find(id)).filter((client) => client !== undefined);
  show(
    ctx,
    sandboxHomePage({
      ...frame,
      citizens: sandboxCitizens[ctx.state.language as 'id' | 'en'],
      password: EXAMPLE_PASSWORD,
      apps: apps.map((client) => serviceOf(client, ctx.state.language, house.config.mode)),
      links: {
        account: '/account',
        console: '/console',
        outbox: '/sandbox/outbox',
        discovery: '/.well-known/openid-configuration',
      },
    }),
  );
}

const sandboxCitizens = {
  id: [
    { identifier: 'siti@contoh.id', about: 'warga dengan data yang lazim' },
    { identifier: 'budi@contoh.id', about: 'semua data terisi' },
    { identifier: 'dewi@contoh.id', about: 'nama, email, dan telepon' },
    { identifier: 'wayan@contoh.id', about: 'satu nama, tanpa telepon' },
    { identifier: 'rina@contoh.id', about: 'warga lain' },
    { identifier: 'joko@contoh.id', about: 'akunnya dinonaktifkan' },
  ],
  en: [
    { identifier: 'siti@contoh.id', about: 'a citizen with the usual data' },
    { identifier: 'budi@contoh.id', about: 'every field filled in' },
    { identifier: 'dewi@contoh.id', about: 'a name, an e-mail address and a phone' },
    { identifier: 'wayan@contoh.id', about: 'one name, no phone' },
    { identifier: 'rina@contoh.id', about: 'another citizen' },
    { identifier: 'joko@contoh.id', about: 'the account is disabled' },
  ],
} as const;

/** `GET /help`. */
export function showHelp(ctx: Context, house: OpenHouse): void {
  show(ctx, helpPage(frameOf(ctx, house)));
}

/** `GET /privacy`. */
export function showPrivacy(ctx: Context, house: OpenHouse): void {
  show(ctx, privacyPage(frameOf(ctx, house)));
}

/** Asks before everything is signed out (OpenID Connect RP-Initiated Logout 1.0 §2). */
export function confirmLogout(ctx: Context, house: OpenHouse, { client, action, xsrf, returnTo }: LogoutForm): void {
  const page = signOutPage({ ...frameOf(ctx, house, client), action, fields: { xsrf } });
  showForm(ctx, page, client, returnTo);
}

/** After a sign-out that has no app to go back to. */
export function loggedOut(ctx: Context, house: OpenHouse, client: ClientRecord | undefined): void {
  show(ctx, signedOutPage({ ...frameOf(ctx, house, client), accountLink: '/account' }));
}
