/**
 * The browser itself, told apart by a random cookie: which language it wants, and that a form was filled in on a page
 * it got from us.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';

const YEAR = 365 * 24 * 3600 * 1000;

/** Cookie names; on https bound to this very host. */
export interface CookieNames {
  readonly browser: string;
  readonly language: string;
  readonly app: string;
  readonly device: string;
  readonly passkeyLater: string;
  readonly recoveryCodes: string;
  /** Whom an officer serves. */
  readonly desk: string;
  /** At whose releases somebody of the staff looks. */
  readonly look: string;
  /** What was asked of a page before one had to sign in; sealed. */
  readonly asked: string;
  /** Which sheet of a desk somebody has come with. */
  readonly sheet: string;
  /** When the console was last used; signed. */
  readonly console: string;
  /** What the next page of the console shows and no other does; sealed. */
  readonly shownOnce: string;
}

/** The cookies of the pages beside the engine's. */
export function cookieNames(issuer: string): CookieNames {
  const prefix = issuer.startsWith('https://') ? '__Host-' : '';
  return {
    browser: `${prefix}browser`,
    language: `${prefix}language`,
    app: `${prefix}app`,
    device: `${prefix}device`,
    passkeyLater: `${prefix}passkey-later`,
    recoveryCodes: `${prefix}recovery-codes`,
    desk: `${prefix}desk`,
    look: `${prefix}look`,
    asked: `${prefix}asked`,
    sheet: `${prefix}sheet`,
    console: `${prefix}console`,
    shownOnce: `${prefix}shown-once`,
  };
}

/** Options of the pages' cookies. */
export function cookieOptions(issuer: string): {
  httpOnly: true;
  sameSite: 'lax';
  secure: boolean;
  path: '/';
  signed: false;
  overwrite: true;
} {
  return {
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https://'),
    path: '/',
    signed: false,
    overwrite: true,
  };
}

/**
 * Chooses `ctx.state.language`: the link on the page (`?lang=`, remembered), what was chosen before, what the app asks
 * (`ui_locales`), what the browser prefers, Bahasa Indonesia.
 */
export function language(issuer: string): Middleware {
  const names = cookieNames(issuer);
  return (ctx, next) => {
    const chosen = ctx.req.url?.includes('lang=') ? known(ctx.query.lang) : undefined;
    if (chosen) ctx.cookies.set(names.language, chosen, { ...cookieOptions(issuer), maxAge: YEAR });
    ctx.state = new RequestState(ctx, () => chosen ?? known(ctx.cookies.get(names.language)));
    return next();
  };
}

/** `ctx.state`, whose languages are chosen when they are asked for: most answers are for programs and have none. */
class RequestState {
  readonly #ctx: Context;
  readonly #choose: () => Language | undefined;
  #chosen: { language: Language | undefined } | undefined;
  #language: Language | undefined;

  constructor(ctx: Context, choose: () => Language | undefined) {
    this.#ctx = ctx;
    this.#choose = choose;
    Object.assign(this, ctx.state);
  }

  get chosenLanguage(): Language | undefined {
    this.#chosen ??= { language: this.#choose() };
    return this.#chosen.language;
  }

  get language(): Language {
    const { query } = this.#ctx;
    const preferred = () => (this.#ctx.acceptsLanguages('id', 'en') || 'id') as Language;
    this.#language ??= this.chosenLanguage ?? known(query.ui_locales) ?? preferred();
    return this.#language;
  }

  set language(language: Language) {
    this.#language = language;
  }
}

/** The first language we offer among space-separated tags (OpenID Connect Core §3.1.2.1, `ui_locales`). */
export function known(tags: unknown): Language | undefined {
  if (typeof tags !== 'string') return undefined;
  const languages = tags
    .slice(0, 200)
    .split(' ')
    .map((tag) => tag.toLowerCase().split('-')[0]);
  return languages.find((tag): tag is Language => tag === 'id' || tag === 'en');
}

/**
 * Ties the forms of this request to an interaction instead of the browser: only the one that began it gets as far as here
 * (`oidc/interaction-cookies.ts`). Ten tabs that a new browser opens at once would overwrite each other's one cookie.
 */
export function bindForms(ctx: Context, interactionUid: string): void {
  ctx.state.formsOf = `interaction ${interactionUid}`;
}

/** The hidden token of every form on this page; gives the browser its cookie when it has none. */
export function csrfToken(ctx: Context, secrets: Secrets, issuer: string): string {
  const { formsOf } = ctx.state;
  if (formsOf) return secrets.hash('browser', formsOf).toString('base64url');
  const names = cookieNames(issuer);
  let browser = ctx.state.browser ?? ctx.cookies.get(names.browser);
  if (!isBrowserId(browser)) {
    browser = randomSecret();
    ctx.cookies.set(names.browser, browser, cookieOptions(issuer));
  }
  ctx.state.browser = browser;
  return secrets.hash('browser', browser).toString('base64url');
}

/**
 * Refuses a form that was not filled in on a page of ours by this browser: the hidden token must be the cookie's or the
 * interaction's, and the browser must not say that it comes from elsewhere ({@link checkOrigin}).
 *
 * @throws {Refusal} `csrf_mismatch`
 */
export function checkForm(ctx: Context, secrets: Secrets, issuer: string, token: string): void {
  checkOrigin(ctx, issuer);
  const browser = ctx.cookies.get(cookieNames(issuer).browser);
  const bound = ctx.state.formsOf ?? (isBrowserId(browser) ? browser : undefined);
  if (!bound) throw new Refusal('csrf_mismatch', 'the browser has no cookie');
  const expected = secrets.hash('browser', bound);
  const given = Buffer.from(token, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Refusal('csrf_mismatch', 'the token is not of this browser');
  }
}

/**
 * Refuses a form that says it comes from elsewhere. `Origin` and `Sec-Fetch-Site` count where the browser sends them.
 *
 * @throws {Refusal} `csrf_mismatch`
 */
export function checkOrigin(ctx: Context, issuer: string): void {
  const origin = ctx.get('Origin');
  const site = ctx.get('Sec-Fetch-Site');
  if (origin && origin !== new URL(issuer).origin)
    throw new Refusal('csrf_mismatch', 'the form came from another origin');
  if (site && site !== 'same-origin') throw new Refusal('csrf_mismatch', 'the form came from another site');
}

function isBrowserId(text: string | undefined): text is string {
  return text !== undefined && /^[\w-]{43}$/.test(text);
}
