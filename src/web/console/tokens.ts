/** `/console/agencies/:agency/tokens`: by what apps of an agency register themselves (RFC 7591). */
import type { Context } from 'koa';
import { isId } from '#src/base/secrets.ts';
import type { Agency } from '#src/registry/agencies.ts';
import { text } from '#src/registry/registration-schema.ts';
import {
  listRegistrationTokens,
  makeRegistrationToken,
  type RegistrationToken,
  revokeRegistrationToken,
  tokenDays,
  tokenUses,
} from '#src/registry/registration-tokens.ts';
import { agencyLink } from '#views/console/agency-page.ts';
import { type ShownToken, type TokensContext, type TokensProblem, tokensPage } from '#views/console/tokens.ts';
import { translate } from '#views/locale.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { agencyHeadOf, consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, showConsole } from './visit.ts';

const PER_PAGE = 25;

/** `GET /console/agencies/:agency/tokens`. @throws {Refusal} `not_here`, `role_required` */
export function showTokens(ctx: Context, house: OpenHouse, agencyId: string): Promise<void> {
  return showConsole(ctx, house, async (visit) =>
    showPage(visit, await loadAgencyFor(visit, agencyId, 'apps.secrets')),
  );
}

/** `POST …/tokens`. @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required` */
export function changeTokens(ctx: Context, house: OpenHouse, agencyId: string): Promise<void> {
  const at = (change: typeof make) => async (visit: ConsoleVisit, form: Form) =>
    change(visit, await loadAgencyFor(visit, agencyId, 'apps.secrets'), form);
  return answerConsole(
    ctx,
    house,
    new Map([
      ['make', at(make)],
      ['revoke', at(revoke)],
    ]),
  );
}

async function make(visit: ConsoleVisit, agency: Agency, form: Form): Promise<void> {
  const { db, house, account } = visit;
  const typed = { label: form.get('label'), days: form.get('days'), uses: form.get('uses') };
  const label = text(100).safeParse(typed.label).data;
  const days = readCount(typed.days, tokenDays);
  const uses = readCount(typed.uses, tokenUses);
  if (label === undefined || days === undefined || uses === undefined) {
    const wrong = { label, days, uses };
    const kinds = (['label', 'days', 'uses'] as const).filter((kind) => wrong[kind] === undefined);
    visit.ctx.status = 422;
    return showPage(visit, agency, { typed, problems: kinds.map((kind) => ({ kind })) });
  }
  const wish = { agencyId: agency.id, label, days, uses };
  const { secret } = await makeRegistrationToken(db, house.secrets, wish, account.id);
  keepForOnce<Made>(visit, placeOf(agency), { token: secret, label });
  backTo(visit, agency, 'made');
}

function readCount(typed: string, { least, most }: { readonly least: number; readonly most: number }) {
  const count = /^\d{1,4}$/.test(typed.trim()) ? Number(typed) : Number.NaN;
  return count >= least && count <= most ? count : undefined;
}

async function revoke(visit: ConsoleVisit, agency: Agency, form: Form): Promise<void> {
  await revokeRegistrationToken(visit.db, { agencyId: agency.id, id: form.get('token') }, visit.account.id);
  backTo(visit, agency, 'revoked');
}

const told = { made: 'console.token-done', revoked: 'console.token-revoked-done' } as const;

function backTo({ ctx }: ConsoleVisit, agency: Agency, done: keyof typeof told): void {
  seeOther(ctx, `${agencyLink(agency.id, 'tokens')}?done=${done}`);
}

/** A token between the form that made it and the page that shows it. */
interface Made {
  readonly token: string;
  readonly label: string;
}

function placeOf({ id }: Agency): string {
  return `registration-token ${id}`;
}

const usual = { label: '', days: String(tokenDays.usual), uses: String(tokenUses.usual) };

async function showPage(
  visit: ConsoleVisit,
  agency: Agency,
  { typed = usual, problems }: { typed?: TokensContext['typed']; problems?: readonly TokensProblem[] } = {},
): Promise<void> {
  const { ctx, db, house } = visit;
  const tokens = await listRegistrationTokens(db, agency.id, { after: positionIn(ctx), limit: PER_PAGE });
  const last = tokens.length === PER_PAGE ? tokens.at(-1) : undefined;
  const done = Object.hasOwn(told, String(ctx.query.done))
    ? told[String(ctx.query.done) as keyof typeof told]
    : undefined;
  showForm(
    ctx,
    tokensPage({
      ...consoleFrame(visit, 'agencies'),
      agency: await agencyHeadOf(visit, agency),
      endpoint: `${house.config.issuer}/register`,
      made: takeOnce<Made>(visit, placeOf(agency)),
      tokens: await shownTokens(visit, agency, tokens),
      pages: pagesBehind(ctx, last && [last.createdAt.toISOString(), last.id]),
      most: { days: tokenDays.most, uses: tokenUses.most },
      typed,
      problems,
      notice: done && { tone: 'done', text: translate(ctx.state.language)(done) },
    }),
  );
}

/** What makes no sense means the first page. */
function positionIn(ctx: Context): { createdAt: Date; id: string } | undefined {
  const [time, id = ''] = readPlace(ctx);
  const createdAt = timeIn(time);
  return createdAt && isId(id) ? { createdAt, id } : undefined;
}

async function shownTokens(
  visit: ConsoleVisit,
  agency: Agency,
  tokens: readonly RegistrationToken[],
): Promise<ShownToken[]> {
  const { language } = visit.ctx.state;
  const makers = tokens.map(({ createdBy }) => createdBy);
  const names = await nameColleagues(visit, makers, agency.path);
  return tokens.map(({ id, label, createdAt, createdBy, expiresAt, usesLeft, lastUsedAt, revokedAt }) => ({
    ...{ id, label, madeAt: createdAt, madeBy: sayActor(language, names, createdBy), endsAt: expiresAt },
    ...{ usesLeft, lastUsedAt },
    state: stateOf({ expiresAt, usesLeft, revokedAt }),
  }));
}

function stateOf(token: Pick<RegistrationToken, 'expiresAt' | 'usesLeft' | 'revokedAt'>): ShownToken['state'] {
  if (token.revokedAt) return 'revoked';
  if (token.expiresAt <= new Date()) return 'expired';
  return token.usesLeft === 0 ? 'spent' : 'open';
}
