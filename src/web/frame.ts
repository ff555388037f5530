/** What every page shows around its content, made from the request. */
import type { Context } from 'koa';
import type { Config } from '#src/base/config.ts';
import { isOwnClient } from '#src/oidc/own-clients.ts';
import { isOnTrial } from '#src/registry/client-reach.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import type { Html } from '#views/html.ts';
import type { Frame, Service } from '#views/page.ts';
import type { OpenHouse } from './house.ts';
import { logoPath } from './logos.ts';
import { csrfToken } from './middleware/browser.ts';
import { forForm, forPage } from './middleware/headers.ts';
import { nameOf } from './names.ts';

/** The frame of a page; with a form in it (`csrf`) unless it says otherwise. */
export function frameOf(ctx: Context, house: OpenHouse, client?: ClientRecord): Frame {
  const service = client && !isOwnClient(client) ? serviceOf(client, ctx.state.language, house.config.mode) : undefined;
  return {
    language: ctx.state.language,
    brand: house.config.brand,
    sandbox: house.config.mode === 'sandbox',
    languageLinks: { id: languageLink(ctx, 'id'), en: languageLink(ctx, 'en') },
    csrf: csrfToken(ctx, house.secrets, house.config.issuer),
    helpLink: '/help',
    privacyLink: '/privacy',
    ...(service && { service }),
    ...(ctx.state.closesAt && { closesAt: ctx.state.closesAt }),
    ...(ctx.state.isOnSharedDevice && { onSharedDevice: { signOutAt: '/account' } }),
  };
}

/** An app as pages name it. */
export function serviceOf(client: ClientRecord, language: 'id' | 'en', mode: Config['mode']): Service {
  return {
    name: client.name[language],
    agency: nameOf(client.agency, language),
    domain: client.agency.domain,
    home: backLink(client),
    onTrial: isOnTrial(client, mode),
    logo: logoPath(client),
  };
}

/** Where one gets back into an app: its own start of a sign-in, its home page, or the host it redirects to. */
export function backLink(client: ClientRecord): string | undefined {
  const redirect = client.redirectUris[0];
  return client.initiateLoginUri ?? client.homeUri ?? (redirect && originOf(redirect));
}

/**
 * The address that begins a sign-in at an app, or the one where people find it; never anything that a request brought along.
 *
 * @see OpenID Connect Core §4: of its parameters `iss` alone is given
 */
export function wayInto(client: ClientRecord, issuer: string): string | undefined {
  const start = client.initiateLoginUri && URL.parse(client.initiateLoginUri);
  if (!start) return backLink(client);
  start.searchParams.set('iss', issuer);
  return start.href;
}

/** The address of whom the app names for questions about data; else of whom it names for help. */
export function whomToAsk({ contacts }: ClientRecord): string | undefined {
  const named = (role: 'privacy' | 'support') => contacts.find((contact) => contact.role === role)?.email;
  return named('privacy') ?? named('support');
}

/** The origins that the answer to a form may lead to, for `form-action`. */
export function formTargets(
  client: Pick<ClientRecord, 'redirectUris' | 'postLogoutRedirectUris'> | undefined,
  redirectUri?: unknown,
): string[] {
  const uris = [...(client?.redirectUris ?? []), ...(client?.postLogoutRedirectUris ?? [])];
  if (typeof redirectUri === 'string') uris.push(redirectUri);
  return [...new Set(uris.map(originOf).filter((origin) => origin !== undefined))];
}

/** Sources of a content security policy have no quotes and no spaces, so nothing can slip in through an address. */
function originOf(uri: string): string | undefined {
  const url = URL.parse(uri);
  if (!url) return undefined;
  return url.origin === 'null' ? url.protocol : url.origin;
}

/**
 * Answers with a page that has a form, or has one for some of its readers; `client` is where its answer may lead. Without a
 * form it tells nobody where its links come from.
 */
export function showForm(ctx: Context, html: Html, client?: ClientRecord, redirectUri?: unknown): void {
  if (String(html).includes('<form method="post"')) forForm(ctx, formTargets(client, redirectUri));
  show(ctx, html);
}

/** Answers with a page. None is kept by a cache: each carries the browser's own token. */
export function show(ctx: Context, html: Html): void {
  forPage(ctx);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'html';
  ctx.body = String(html);
}

function languageLink(ctx: Context, language: 'id' | 'en'): string {
  const query = new URLSearchParams(ctx.method === 'GET' ? ctx.querystring : '');
  query.set('lang', language);
  return `${ctx.path}?${query}`;
}
