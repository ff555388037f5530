/**
 * Apps on their way from a sandbox to production: the page that sends one, and the pages where one comes in. What comes in
 * changes nothing by itself: somebody of its agency takes it over.
 */
import type { Context } from 'koa';
import { recordAdminEvent } from '#src/audit/events.ts';
import { createGuardedFetch } from '#src/base/guarded-fetch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { BUNDLE_BYTES, signBundle } from '#src/oidc/bundles.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { nodesWith, permissionsAt } from '#src/registry/authority.ts';
import {
  applyBundle,
  type BundleActor,
  type BundleContent,
  checkElsewhere,
  composeBundle,
  findBundle,
  listBundles,
  planBundle,
  type ReceivedBundle,
  receiveBundle,
} from '#src/registry/bundles.ts';
import { type CheckName, checkNames } from '#src/registry/checks/check.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import type { Finding } from '#src/registry/registration-findings.ts';
import { appLink } from '#views/console/app-page.ts';
import { appBundlePage, type BundleEvidence, bundlePage, receiveBundlePage } from '#views/console/bundle.ts';
import { keyName } from '#views/console/parts/declared.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { type Form, readForm } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { sayFindings } from './findings.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { showLikely } from './likely.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, loadClientFor, showConsole } from './visit.ts';

const PATIENCE_MS = 10_000;
const ANSWER_BYTES = 16 * 1024;

/** `GET /console/apps/:client/bundle`: the page; with `file` the signed bundle itself. @throws {Refusal} `not_here`, `role_required` */
export function showAppBundle(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, clientId, 'apps.write');
    const { bundleReceiver } = house.config;
    const content = await composeBundle(visit.db, client.id);
    if (ctx.query.file === undefined || bundleReceiver === undefined) return showSending(visit, client, content);
    ctx.set('Cache-Control', 'no-store');
    ctx.attachment(`${client.id}.bundle`);
    ctx.type = 'application/jose';
    ctx.body = signBundle(house.keys, house.config, { audience: bundleReceiver, content });
  });
}

/** `POST /console/apps/:client/bundle`. @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required`, `bundle_receiver_silent` */
export function sendAppBundle(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  const send = async (visit: ConsoleVisit) => sendOne(visit, await loadClientFor(visit, clientId, 'apps.write'));
  return answerConsole(ctx, house, new Map([['send', send]]));
}

async function showSending(visit: ConsoleVisit, client: ClientRecord, content: BundleContent): Promise<void> {
  const { ctx, house, db } = visit;
  const { leftOut, findings } = checkElsewhere(content);
  const { bundleReceiver: receiver } = house.config;
  const context = {
    ...consoleFrame(visit, 'apps'),
    app: appHeadOf(visit, client),
    evidence: evidenceOf(content),
    leftOut,
    findings: shownFindings(ctx.state.language, findings),
    receiver,
    received: (await listBundles(db, client.id)).map(({ appliedAt, ...bundle }) => ({
      ...bundle,
      isApplied: appliedAt !== undefined,
    })),
  };
  // The answer to the form leads to the receiver.
  showForm(ctx, appBundlePage(context), undefined, receiver);
}

/** Nothing is written before the receiver has answered. */
async function sendOne({ ctx, house, db, account }: ConsoleVisit, client: ClientRecord): Promise<void> {
  const { bundleReceiver: audience } = house.config;
  if (audience === undefined) throw new Refusal('invalid_request', 'this deployment sends apps nowhere');
  const content = await composeBundle(db, client.id);
  const signed = signBundle(house.keys, house.config, { audience, content });
  const place = await handOver(house, audience, signed);
  await recordAdminEvent(db, {
    kind: 'client.bundle-sent',
    actor: account.id,
    subject: `client ${client.id}`,
    agencyId: client.agencyId,
    details: { receiver: audience },
  });
  seeOther(ctx, place);
}

/** Hands a bundle to its receiver. @returns the page there that shows it. @throws {Refusal} `bundle_receiver_silent` */
async function handOver({ config }: OpenHouse, audience: string, signed: string): Promise<string> {
  try {
    const answer = await createGuardedFetch(config.intranetAllowlist)(`${audience}/bundles`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ bundle: signed }).toString(),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const place = new URL(answer.headers.get('location') ?? '', audience);
    await answer.body?.cancel();
    if (answer.status !== 201 || place.origin !== audience || !place.pathname.startsWith('/console/bundles/'))
      throw new Refusal('bundle_receiver_silent', `the receiver answered ${answer.status}`);
    return place.href;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('bundle_receiver_silent', 'the receiver does not answer', { cause });
  }
}

/**
 * `POST /bundles` (`bundle`): takes in what another deployment sends. Nobody is signed in here: the signature says who sends,
 * and it changes nothing but that it can be looked at.
 *
 * @throws {Refusal} `bundle_refused`, `bundle_over`, `bundle_used`, `bundle_sender_silent`, `agency_not_found`
 */
export async function answerBundles(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx, BUNDLE_BYTES + ANSWER_BYTES);
  const bundle = await house.verifyBundle(form.get('bundle').trim());
  await loadAgency(ctx.state.db, bundle.content.agency.id);
  await receiveBundle(ctx.state.db, bundle);
  const link = `${house.config.issuer}/console/bundles/${bundle.id}`;
  ctx.status = 201;
  ctx.set('Location', link);
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { id: bundle.id, link };
}

/** `GET /console/bundles`. @throws {Refusal} `role_required` */
export function showReceiveBundle(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    if (nodesWith(visit.held, 'apps.write').length === 0)
      throw new Refusal('role_required', 'nowhere may apps be changed');
    showForm(ctx, receiveBundlePage({ ...consoleFrame(visit, 'apps'), senders: house.config.bundleSenders }));
  });
}

/** `POST /console/bundles`. @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, and as {@link answerBundles} */
export function takeBundleIn(ctx: Context, house: OpenHouse): Promise<void> {
  const receive = async (visit: ConsoleVisit, form: Form) => {
    if (nodesWith(visit.held, 'apps.write').length === 0)
      throw new Refusal('role_required', 'nowhere may apps be changed');
    const bundle = await house.verifyBundle(form.get('bundle').trim());
    await loadAgencyFor(visit, bundle.content.agency.id, 'apps.write');
    await receiveBundle(visit.db, bundle);
    seeOther(ctx, `/console/bundles/${bundle.id}`);
  };
  return answerConsole(ctx, house, new Map([['receive', receive]]));
}

/** `GET /console/bundles/:id`. @throws {Refusal} `not_here`, `role_required` */
export function showBundle(ctx: Context, house: OpenHouse, id: string): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const { bundle, by } = await loadBundleFor(visit, id);
    const { content, issuer, receivedAt, appliedAt, clientId } = bundle;
    const { leftOut, findings, change, strong } = await planBundle(visit.db, bundle, by);
    const page = bundlePage({
      ...consoleFrame(visit, 'apps'),
      ...{ issuer, receivedAt, clientId, leftOut, findings: shownFindings(ctx.state.language, findings) },
      agency: ctx.state.language === 'en' ? content.agency.name_en : content.agency.name,
      evidence: evidenceOf(content),
      before: change?.before,
      after: change?.after,
      risky: change?.risky ?? [],
      outcome: change?.outcome,
      isApplied: appliedAt !== undefined,
      likely: strong && (await showLikely(visit, strong)),
    });
    showForm(ctx, page);
  });
}

/** `POST /console/bundles/:id`. @throws {Refusal} as {@link showBundle}; `bundle_used`, `bundle_unfit`, `csrf_mismatch` */
export function takeBundleOver(ctx: Context, house: OpenHouse, id: string): Promise<void> {
  const apply = async (visit: ConsoleVisit, form: Form) => {
    const { bundle, by } = await loadBundleFor(visit, id);
    const justification = form.get('justification').trim().slice(0, 2_000) || undefined;
    await applyBundle(visit.db, house.secrets, bundle, { ...by, justification });
    seeOther(ctx, appLink(bundle.clientId, 'production'));
  };
  return answerConsole(ctx, house, new Map([['apply', apply]]));
}

async function loadBundleFor(
  visit: ConsoleVisit,
  id: string,
): Promise<{ readonly bundle: ReceivedBundle; readonly by: BundleActor }> {
  const { db, held, account, house } = visit;
  const bundle = await findBundle(db, id);
  if (!bundle) throw new Refusal('not_here', 'no such bundle');
  const agency = await loadAgencyFor(visit, bundle.content.agency.id, 'apps.write');
  return { bundle, by: { actor: account.id, mode: house.config.mode, allowed: permissionsAt(held, agency) } };
}

/** Checks that this version does not know are left out. */
function evidenceOf({ evidence: { sign_in: signIn, checks, contacts } }: BundleContent): BundleEvidence {
  const isKnown = (name: string): name is CheckName => checkNames.some((known) => known === name);
  return {
    signIn: signIn && { ...signIn, at: new Date(signIn.complete_at ?? signIn.at) },
    checks: checks.flatMap(({ name, outcome }) => (isKnown(name) ? [{ name, outcome }] : [])),
    contacts: { confirmed: contacts.filter(({ is_confirmed }) => is_confirmed).length, all: contacts.length },
  };
}

function shownFindings(language: Language, findings: readonly Finding[]): string[] {
  const said = sayFindings(language, findings, (key) => ({ label: keyName(language, key) }));
  return said.flatMap((problem) => ('text' in problem ? [problem.text] : []));
}
