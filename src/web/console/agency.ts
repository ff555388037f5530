/** One agency: what is declared about it, what stands below it, and which of that has nobody to look after it. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { findAccount } from '#src/people/accounts.ts';
import { grantMembership, listMembers } from '#src/people/memberships.ts';
import {
  type Agency,
  type AgencyDraft,
  type AgencyKind,
  agencyKinds,
  findAgency,
  listAgenciesBelow,
  listTree,
  saveAgency,
} from '#src/registry/agencies.ts';
import { mayAt, mayFromAbove } from '#src/registry/authority.ts';
import { agencyNodeSchema } from '#src/registry/organisation-schema.ts';
import { listSectors } from '#src/registry/sectors.ts';
import {
  type AgencyContext,
  type AgencyProblem,
  agencyOverviewPage,
  newAgencyPage,
  type ShownSector,
  type TypedAgency,
  trialAgencyPage,
} from '#views/console/agency.ts';
import { translate } from '#views/locale.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { findOrphans } from '../team.ts';
import { agencyHeadOf, consoleFrame } from './frame.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, showConsole } from './visit.ts';

/** How many agencies below are on the page; the list of agencies has all. */
const MOST_BELOW = 50;

/** `GET /console/agencies/:agency`. @throws {Refusal} `not_here`, `role_required` */
export async function showAgency(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showPage(visit));
}

/** `POST /console/agencies/:agency`. @throws {Refusal} `not_here`, `role_required` and what forms refuse */
export async function changeAgency(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['save', save]]));
}

type Said = Pick<AgencyContext, 'typed' | 'problems'>;

async function showPage(visit: ConsoleVisit, said: Said = {}): Promise<void> {
  const { ctx, db, held } = visit;
  const agency = await loadSeen(visit, String(ctx.params.agency));
  const below = await listAgenciesBelow(db, agency.id, { limit: MOST_BELOW + 1 });
  const orphans = mayAt(held, 'team.read', agency) ? await listOrphansBelow(visit, agency) : [];
  const isOrphan = new Set((await findOrphans(db, [agency, ...below])).map(({ id }) => id));
  const { language } = ctx.state;
  const done = ['saved', 'added'].find((one) => one === ctx.query.done) as 'saved' | 'added' | undefined;
  const context: AgencyContext = {
    ...consoleFrame(visit, 'agencies'),
    agency: await agencyHeadOf(visit, agency),
    shown: typedOf(agency),
    owners: await ownersOf(visit, agency),
    isOrphan: isOrphan.has(agency.id),
    sectors: await sectorsFor(visit),
    below: below.slice(0, MOST_BELOW).map((one) => ({
      ...{ id: one.id, kind: one.kind, name: nameOf(one, language) },
      isOrphan: isOrphan.has(one.id),
    })),
    hasMore: below.length > MOST_BELOW,
    orphans: orphans.map((one) => ({ id: one.id, name: nameOf(one, language) })),
    mayChange: mayChange(visit, agency),
    ...(done && !said.problems && { notice: { tone: 'done', text: translate(language)(`agency.done-${done}`) } }),
    ...said,
  };
  showForm(ctx, agencyOverviewPage(context));
}

/** An agency that one sees for its apps or for its team. */
async function loadSeen(visit: ConsoleVisit, id: string): Promise<Agency> {
  const agency = await findAgency(visit.db, id);
  const isForTeam = agency && mayAt(visit.held, 'team.read', agency);
  return isForTeam ? agency : loadAgencyFor(visit, id, 'apps.read');
}

/** What is told at most of what is below without an owner. */
const MOST_ORPHANS = 20;

/** Those anywhere below that nobody could act for; looked for among the first thousands. */
async function listOrphansBelow({ db }: ConsoleVisit, agency: Agency): Promise<Agency[]> {
  const below = (await listTree(db, [agency.id], { limit: 4_000 })).filter(({ id }) => id !== agency.id);
  return (await findOrphans(db, below)).slice(0, MOST_ORPHANS);
}

/** The names of the owners, for whoever may see the team. */
async function ownersOf({ house, db, held }: ConsoleVisit, agency: Agency): Promise<string[] | undefined> {
  if (!mayAt(held, 'team.read', agency)) return undefined;
  const members = await listMembers(db, [agency.id], new Date());
  const owners = members.filter(({ role, suspendedAt }) => role === 'owner' && !suspendedAt);
  const names = await Promise.all(
    owners.map(async ({ accountId }) => (await findAccount(db, house.secrets, accountId))?.profile.name ?? ''),
  );
  return names.filter((name) => name !== '');
}

async function sectorsFor({ ctx, db }: ConsoleVisit): Promise<ShownSector[]> {
  const sectors = await listSectors(db);
  return sectors.map((sector) => ({ id: sector.id, name: nameOf(sector, ctx.state.language) }));
}

function mayChange({ held }: ConsoleVisit, agency: Agency): AgencyContext['mayChange'] {
  const isAtTop = agency.path.length === 1 && mayAt(held, 'agencies.write', agency);
  if (isAtTop || mayFromAbove(held, 'agencies.write', agency)) return 'all';
  return mayAt(held, 'agencies.write', agency) ? 'own' : 'nothing';
}

function typedOf(agency: Agency): TypedAgency {
  const { id, name, nameEn, legalName, kind, domain, emailDomain, sectors } = agency;
  return { id, name, nameEn, legalName, kind, domain, emailDomain: emailDomain ?? '', sectors };
}

async function save(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const agency = await loadAgencyFor(visit, String(ctx.params.agency), 'agencies.write');
  const typed =
    mayChange(visit, agency) === 'all' ? readTyped(form, agency.id, agency.kind) : withOwn(typedOf(agency), form);
  const { draft, problems } = check(typed);
  if (!draft) {
    ctx.status = 422;
    return showPage(visit, { typed, problems });
  }
  await saveAgency(db, draft, account.id);
  seeOther(ctx, `/console/agencies/${agency.id}?done=saved`);
}

/** What an agency decides itself: who may join it, and what it is for. */
function withOwn(agency: TypedAgency, form: Form): TypedAgency {
  return { ...agency, emailDomain: form.get('email-domain').trim().toLowerCase(), sectors: form.list('sector') };
}

/** Whose people see what belongs to no agency is said by whoever runs the deployment. */
const chosenKinds = agencyKinds.filter((kind) => kind !== 'state');

function readTyped(form: Form, id: string, before: AgencyKind = 'unit'): TypedAgency {
  const name = form.get('name').trim();
  const typed = {
    ...{ id, name },
    nameEn: form.get('name-en').trim() || name,
    legalName: form.get('legal-name').trim() || name,
    kind: chosenKinds.find((kind) => kind === form.get('kind')) ?? before,
    domain: form.get('domain').trim().toLowerCase(),
  };
  return withOwn({ ...typed, emailDomain: '', sectors: [] }, form);
}

const problemAt: Readonly<Record<string, AgencyProblem>> = {
  id: { kind: 'id' },
  name: { kind: 'name' },
  'name#en': { kind: 'name' },
  legal_name: { kind: 'legal-name' },
  domain: { kind: 'domain' },
  email_domain: { kind: 'email-domain' },
};

/** By the rules of the files in which organisations are declared. */
function check(typed: TypedAgency): { draft?: AgencyDraft; problems: AgencyProblem[] } {
  const { id, name, nameEn, legalName, kind, domain, sectors } = typed;
  const emailDomain = typed.emailDomain || null;
  const entry = {
    id,
    name,
    'name#en': nameEn,
    legal_name: legalName,
    domain,
    email_domain: emailDomain,
    kind,
    sectors,
  };
  const parsed = agencyNodeSchema.safeParse(entry);
  if (parsed.success)
    return { draft: { id, name, nameEn, legalName, kind, domain, emailDomain, sectors }, problems: [] };
  const keys = new Set(parsed.error.issues.map(({ path: [key] }) => String(key)));
  const problems = [...keys].flatMap((key) => problemAt[key] ?? []);
  if (problems.length === 0) throw new Refusal('sector_not_found', 'no such sector');
  return { problems };
}

/** `GET /console/agencies/new`. @throws {Refusal} `not_here`, `role_required` */
export async function showNewAgency(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    if (isNewcomer(visit)) return showForm(ctx, trialAgencyPage(consoleFrame(visit, 'mine')));
    await showNew(visit, String(ctx.query.below ?? ''), readTyped(nothing, ''));
  });
}

const nothing: Form = { get: () => '', list: () => [] };

/** `POST /console/agencies/new`. @throws {Refusal} `not_here`, `role_required` and what forms refuse */
export async function addAgency(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['add', add],
      ['found', found],
    ]),
  );
}

async function showNew(
  visit: ConsoleVisit,
  below: string,
  typed: TypedAgency,
  problems: readonly AgencyProblem[] = [],
): Promise<void> {
  const parent = await loadAgencyFor(visit, below, 'agencies.write');
  const page = newAgencyPage({
    ...consoleFrame(visit, 'agencies'),
    below: { id: parent.id, name: nameOf(parent, visit.ctx.state.language) },
    sectors: await sectorsFor(visit),
    typed,
    problems,
  });
  showForm(visit.ctx, page);
}

/** What no agency is called that somebody adds: an address of ours, and the one above the trials of everybody. */
const TRIALS = 'percobaan';
const kept: ReadonlySet<string> = new Set(['new', TRIALS]);

async function add(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const parent = await loadAgencyFor(visit, form.get('below'), 'agencies.write');
  const typed = readTyped(form, form.get('id').trim());
  const { draft, problems } = check(typed);
  const isTaken = draft && (kept.has(draft.id) || (await findAgency(db, draft.id)) !== undefined);
  if (!draft || isTaken) {
    ctx.status = 422;
    return showNew(visit, parent.id, typed, isTaken ? [{ kind: 'taken' }] : problems);
  }
  await saveAgency(db, { ...draft, parentId: parent.id }, account.id);
  seeOther(ctx, `/console/agencies/${draft.id}?done=added`);
}

/** Whoever has no role in a sandbox may try everything out with an agency of their own. */
function isNewcomer({ house, held }: ConsoleVisit): boolean {
  return house.config.mode === 'sandbox' && held.length === 0;
}

/** One per account, so that pressing twice founds it once. */
function trialIdOf(accountId: string): string {
  return `coba-${createHash('sha256').update(`trial ${accountId}`).digest('hex').slice(0, 12)}`;
}

async function found(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const name = form.get('name').trim();
  const id = trialIdOf(account.id);
  if (!isNewcomer(visit)) throw new Refusal('role_required', 'only whoever has no role in a sandbox');
  if (await findAgency(db, id)) throw new Refusal('role_required', 'it was founded before, and is for others now');
  const typed = { id, name, nameEn: name, legalName: name, kind: 'unit' as const, domain: `${id}.contoh.id` };
  const { draft, problems } = check({ ...typed, emailDomain: '', sectors: [] });
  if (!draft) {
    ctx.status = 422;
    return showForm(
      ctx,
      trialAgencyPage({ ...consoleFrame(visit, 'mine'), typed: name, problems: problems.slice(0, 1) }),
    );
  }
  const parent = await findAgency(db, TRIALS);
  await saveAgency(db, { ...draft, parentId: parent?.id ?? null }, account.id);
  const given = { accountId: account.id, agencyId: id, role: 'owner' } as const;
  if (await grantMembership(db, given, account.id))
    await recordAccountEvent(db, { accountId: account.id, kind: 'role.given', details: { agency: id, role: 'owner' } });
  seeOther(ctx, '/console/apps/new');
}
