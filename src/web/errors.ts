/** The one place that turns errors into pages or problem documents (RFC 9457). */
import type { Context, Middleware } from 'koa';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { refusalsTotal } from '#src/base/metrics.ts';
import { Refusal } from '#src/base/refusals.ts';
import { refusalOf } from '#src/oidc/errors.ts';
import { findFailure } from '#src/oidc/observations.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { sayAttempt } from '#views/console/parts/attempts.ts';
import { endedPage } from '#views/ended.ts';
import { errorPage, type ForDevelopers } from '#views/error.ts';
import { translate } from '#views/locale.ts';
import { backLink, frameOf, serviceOf, show } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { cookieNames } from './middleware/browser.ts';
import { shownAttempt } from './shown-attempt.ts';
import { showSuccessor } from './successors.ts';

/** Catches what the rooms throw. A {@link Refusal} is said as it is; anything else is a fault of ours, logged whole. */
export function answerErrors(house: OpenHouse): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) throw new Refusal('not_found');
      if (ctx.status === 405 && ctx.body === undefined) throw new Refusal('method_not_allowed');
    } catch (error) {
      answerWith(ctx, house, error);
    }
  };
}

/** Answers with an error as a page, or as a problem document where that is preferred. */
export function answerWith(ctx: Context, house: OpenHouse, thrown: unknown): void {
  const refusal = nameStopped(ctx, house, toRefusal(thrown));
  if (refusal.code === 'internal') {
    house.log.error({ reference: ctx.state.reference, err: refusal.cause }, 'a request failed');
  } else {
    const line = { reference: ctx.state.reference, refusal: refusal.code, reason: refusal.message };
    house.log.info(line, 'refused');
  }
  refusalsTotal.inc({ code: refusal.code });
  ctx.status = refusal.status;
  ctx.set('Cache-Control', 'no-store');
  if (refusal.retryAfter !== undefined) ctx.set('Retry-After', String(refusal.retryAfter));
  const asked = findAsked(ctx, house);
  // A browser says that it takes HTML; a program that says nothing gets JSON.
  if (isForPrograms(ctx) || ctx.accepts('json', 'html') === 'json') answerWithProblem(ctx, refusal);
  else if (refusal.code === 'client_unavailable' && asked?.state === 'retired')
    answerWithEnd(ctx, house, refusal, asked);
  else answerWithPage(ctx, house, refusal);
}

/** Where no browser is expected, whatever it says that it takes. */
function isForPrograms(ctx: Context): boolean {
  return ctx.path.startsWith('/api/') || isRegistration(ctx);
}

function isRegistration({ path }: Context): boolean {
  return path === '/register' || path.startsWith('/register/');
}

function toRefusal(thrown: unknown): Refusal {
  const error = thrown instanceof Error ? refusalOf(thrown) : thrown;
  if (error instanceof Refusal) return error;
  if (error instanceof DatabaseUnavailable) return new Refusal('database_unavailable', error.message, { cause: error });
  return new Refusal('internal', 'unexpected', { cause: error });
}

/** The engine does not know an app that was stopped; whoever came from it is told that it is stopped, not that it never was. */
function nameStopped(ctx: Context, house: OpenHouse, refusal: Refusal): Refusal {
  const asked = ctx.query.client_id;
  const isStopped =
    refusal.code === 'client_not_found' && typeof asked === 'string' && house.clients.find(asked) !== undefined;
  return isStopped ? new Refusal('client_unavailable', `client ${asked}`, { cause: refusal }) : refusal;
}

function answerWithProblem(ctx: Context, refusal: Refusal): void {
  const { say, next } = refusal.in(ctx.state.language ?? 'id');
  const registration = isRegistration(ctx) ? registrationErrorOf(ctx, refusal) : undefined;
  ctx.body = JSON.stringify({
    type: `/help#${refusal.code}`,
    title: say,
    detail: next,
    status: ctx.status,
    code: refusal.code,
    reference: ctx.state.reference,
    ...(refusal.findings && { errors: refusal.findings }),
    ...refusal.members,
    ...registration,
  });
  ctx.type = registration ? 'application/json' : 'application/problem+json';
}

/** The same in the words of RFC 7591 §3.2.2, which knows 400 alone for what is wrong with the metadata. */
function registrationErrorOf(ctx: Context, refusal: Refusal): object {
  const { code, status, findings = [] } = refusal;
  if (status === 401) ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
  if (code === 'content_invalid') ctx.status = 400;
  const first = findings[0]?.pointer ?? '';
  const ofContent = first.startsWith('/redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata';
  const error = status === 401 ? 'invalid_token' : code === 'content_invalid' ? ofContent : 'invalid_request';
  const said = findings.map(({ pointer, detail, expected }) => `${pointer}: ${detail}; expected ${expected}`);
  const description = said.join('. ') || refusal.in('en').say;
  // The characters that the standard allows there.
  return { error, error_description: description.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?') };
}

function answerWithPage(ctx: Context, house: OpenHouse, refusal: Refusal): void {
  const { say, next } = refusal.in(ctx.state.language);
  const back = wayBack(ctx, house);
  show(
    ctx,
    errorPage({
      ...frameOf(ctx, house),
      title: say.replace(/\.$/, ''),
      next,
      code: refusal.code,
      reference: ctx.state.reference,
      status: refusal.status,
      ...(back && { back }),
      forDevelopers: forDevelopers(ctx, house, refusal),
    }),
  );
}

/** In a sandbox, whoever sees the page is likely to have written the app: on a machine that others reach, it says no more than elsewhere. */
function forDevelopers(ctx: Context, { config }: OpenHouse, refusal: Refusal): ForDevelopers | undefined {
  if (config.mode !== 'sandbox' || config.sandboxPublic) return undefined;
  const t = translate(ctx.state.language);
  const failed = findFailure(ctx);
  if (failed) {
    const shown = shownAttempt({ id: '', at: new Date(), reference: ctx.state.reference, failure: failed.failure });
    return {
      ...{ say: sayAttempt(ctx.state.language, shown), received: shown.received, registered: shown.registered },
      attemptsLink: `/console/apps/${encodeURIComponent(failed.clientId)}/attempts`,
    };
  }
  const { client_id: id } = ctx.query;
  if (refusal.code === 'client_not_found' && typeof id === 'string') return { say: t('error.unknown-client', { id }) };
  const isOfEngine = refusal.code === 'invalid_request' && refusal.cause !== undefined;
  return isOfEngine ? { say: t('error.request-refused', { said: refusal.message }) } : undefined;
}

/** Whoever wanted to sign in to an app that has ended is led to what follows it. */
function answerWithEnd(ctx: Context, house: OpenHouse, refusal: Refusal, client: ClientRecord): void {
  const { language, reference } = ctx.state;
  const page = endedPage({
    ...frameOf(ctx, house, client),
    service: serviceOf(client, language, house.config.mode),
    successor: showSuccessor(house, client, language),
    ...{ code: refusal.code, reference, status: refusal.status },
  });
  show(ctx, page);
}

/** The app that this request, or the last page of an interaction, was about. */
function findAsked(ctx: Context, house: OpenHouse): ClientRecord | undefined {
  const asked = ctx.state.appId ?? ctx.query.client_id ?? ctx.cookies.get(cookieNames(house.config.issuer).app);
  return typeof asked === 'string' ? house.clients.find(asked) : undefined;
}

/** Back to the console from its pages; to the app that this request, or the last page of an interaction, was about; else to the front page. */
function wayBack(ctx: Context, house: OpenHouse): { link: string; label: string } | undefined {
  const t = translate(ctx.state.language);
  if (/^\/console(\/|$)/.test(ctx.path))
    return { link: '/console', label: t('form.back-to', { service: t('history.own-console') }) };
  const client = findAsked(ctx, house);
  const link = client && backLink(client);
  if (client && link)
    return { link, label: t('form.back-to', { service: client.name[ctx.state.language as 'id' | 'en'] }) };
  return { link: '/', label: t('form.back-to', { service: house.config.brand }) };
}
