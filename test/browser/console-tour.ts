/** One walk past every page of the console, and past what a citizen meets of a desk, each reached as a person reaches it. */
import type { Page } from 'playwright-core';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import { shardOf } from '#src/base/secrets.ts';
import { listReleases } from '#src/consents/releases.ts';
import { reportRelease } from '#src/consents/reports.ts';
import { startOverdue } from '#src/jobs/overdue.ts';
import { sendTest } from '#src/oidc/deliveries.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { grantMembership, roles } from '#src/people/memberships.ts';
import { recordEvidence } from '#src/people/proofing.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { applyChange, type ChangeRequest } from '#src/registry/changes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { stepTo } from '#src/registry/migration.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { World } from '#test/support/world.ts';
import { type Stage, signInByPassword } from './stage.ts';
import type { AtPage, Language } from './tour.ts';
import type { Visitor } from './visitor.ts';

const app = '/console/apps/antrean-rsud';
const agency = '/console/agencies/dinas-kesehatan';

/** Pages that are reached by their address alone. */
const places = [
  ['console', '/console'],
  ['console-apps', '/console/apps'],
  ['console-apps-search', '/console/apps?q=puskesmas'],
  ['console-agencies', '/console/agencies'],
  ['console-events', '/console/events'],
  ['console-agency', agency],
  ['console-team', `${agency}/team`],
  ['console-tokens', `${agency}/tokens`],
  ['console-app', app],
  ['console-production', `${app}/production`],
  ['console-attempts', `${app}/attempts`],
  ['console-edit', `${app}/edit`],
  ['console-testers', `${app}/testers`],
  ['console-deliveries', `${app}/deliveries`],
  ['console-keys', `${app}/keys`],
  ['console-versions', `${app}/versions`],
  ['console-version', `${app}/versions/2`],
  ['console-bundle', `${app}/bundle`],
  ['console-bundles', '/console/bundles'],
  ['console-app-live', '/console/apps/puskesmas-online'],
  ['console-app-told', '/console/apps/puskesmas-online/deliveries'],
  ['console-app-reports', '/console/apps/puskesmas-online/reports'],
  ['console-app-answered', '/console/apps/puskesmas-online/reports?which=answered'],
  ['console-figures', '/console/apps/puskesmas-online/figures'],
  ['console-overdue', '/console/overdue'],
  ['console-overdue-below', '/console/overdue?agency=dinas-kesehatan'],
  ['console-migration', '/console/apps/puskesmas-online/migration'],
  ['console-reviews', '/console/reviews'],
  ['console-review', '/console/reviews/antrean-rsud/2'],
] as const;

const formStops = [
  'console-new-app',
  'console-new-app-refused',
  'console-start',
  'console-invited',
  'invitation',
  'console-edit-preview',
  'console-newcomer',
  'console-trial-agency',
] as const;

const deskStops = [
  ...['desk', 'desk-nobody', 'desk-person', 'desk-person-refused', 'desk-paper', 'desk-sheets', 'desk-sheet'],
  ...['desk-second', 'desk-second-looks', 'desk-agreed', 'desk-new-paper'],
] as const;

const lookStops = ['desk-releases', 'desk-releases-refused', 'desk-releases-of'] as const;

const sheetStops = [
  ...['sheet', 'sheet-wrong', 'sheet-waits', 'sheet-notice', 'sheet-cancelled', 'sheet-first', 'sheet-done', 'history'],
] as const;

/** Names of all pages of the tour, in the order of the walk. */
export const consoleStops = [...places.map(([name]) => name), ...formStops, ...lookStops, ...deskStops, ...sheetStops];

/** Walks with a new visitor; a stage bears one tour. */
export async function tourTheConsole(stage: Stage, visitor: Visitor, language: Language, at: AtPage): Promise<void> {
  const { world } = stage;
  await openDoors(world);
  await comeIn(stage, visitor);
  for (const [name, address] of places) {
    await visitor.page.goto(`${world.issuer}${address}`);
    await at(name, visitor.page);
  }
  await fillIn(stage, visitor, at);
  await beginFromNothing(stage, language, at);
  await lookAtReleases(stage, visitor, at);
  const codes = await serve(stage, language, visitor, at);
  await useSheets(stage, visitor, codes, at);
}

async function accountOf({ database, house }: World, email: string): Promise<string> {
  return (await findAccountId(database, house.secrets, { kind: 'email', value: email })) ?? '';
}

/** Siti works for the health office in every role; Budi has been seen at a desk before. */
async function openDoors(world: World): Promise<void> {
  const { database } = world;
  const accountId = await accountOf(world, 'siti@contoh.id');
  for (const role of roles)
    await grantMembership(database, { accountId, agencyId: 'dinas-kesehatan', role }, 'command');
  await declareApp(world, accountId);
  await leaveAndReport(world);
  await countOwed(world);
  await moveOn(world, accountId);
  const budi = await accountOf(world, 'budi@contoh.id');
  const evidence = { accountId: budi, level: 'ial2', method: 'desk', recordedBy: 'command' } as const;
  await database.transaction((tx) => recordEvidence(tx, evidence));
}

/**
 * Dewi does not recognise a sign-in to an app, and leaves it; the agency has been told of both, is late with the report, and how it
 * is told.
 */
async function leaveAndReport(world: World): Promise<void> {
  const { database, house } = world;
  const clientId = 'puskesmas-online';
  await signInto(await world.app({ clientId }), world.browser(), {}, 'dewi@contoh.id');
  const accountId = await accountOf(world, 'dewi@contoh.id');
  const [release] = await listReleases(database, house.secrets, accountId, { limit: 1 });
  if (!release) throw new Error('nothing was released');
  const throttles = createThrottles(database, house.secrets, { enabled: false });
  const about = { id: release.id, at: release.storedAt };
  await reportRelease(database, house.secrets, throttles, { accountId, clientId, release: about, reason: 'not-then' });
  await database
    .for(shardOf(accountId))
    .execute('update release_reports set due_at = $3 where shard = $1 and account_id = $2', [
      ...[shardOf(accountId), accountId, new Date(Date.now() - 2 * DAY_MS)],
    ]);
  await database.transaction((tx) => disconnect(tx, house.secrets, { accountId, clientId, cause: 'reported' }));
  const client = await loadClient(database, clientId);
  await sendTest(database, house.secrets, throttles, {
    client: { ...client, backchannelLogoutUri: 'https://puskesmas.contoh.example/keluar' },
    actor: 'test',
  });
}

/** What agencies owe is counted, as it is every ten minutes. */
async function countOwed({ database, house: { log } }: World): Promise<void> {
  await database.execute('delete from answers_owed_counts');
  const job = startOverdue({ database, log, tellOwed: async () => {} }, { everyMs: DAY_MS });
  await job.lookDue();
  await job.stop();
}

/** An app that has come some way from accounts of its own. */
async function moveOn({ database, house }: World, actor: string): Promise<void> {
  const request = { clientId: 'puskesmas-online', via: 'page', actor, mode: 'sandbox' } as const;
  const plan = [{ stage: 'default', percentage: 100, on: '2099-01-05' }] as const;
  await database.transaction(async (tx) => {
    await stepTo(tx, request, { standing: { stage: 'default', percentage: 10 } });
    await stepTo(
      tx,
      { ...request, reason: 'Loket sudah dilatih' },
      { standing: { stage: 'default', percentage: 25 }, plan },
    );
  });
  const day = dayOf(new Date());
  await database.execute(
    `insert into client_days (client_id, day, slot, sign_ins) values ($1, $2, 0, 40)
     on conflict (client_id, day, slot) do update set sign_ins = excluded.sign_ins`,
    [request.clientId, day],
  );
  await house.clients.refresh();
}

/** An app of the office that is live, and a risky change of it that waits. */
async function declareApp(world: World, actor: string): Promise<void> {
  const { database, house } = world;
  const change = (keys: object, more: Partial<ChangeRequest> = {}) =>
    database.transaction((tx) => {
      const { entry, findings } = checkClientEntry({ ...declared, ...keys }, 'sandbox');
      if (!entry) throw new Error(JSON.stringify(findings));
      const request = { agencyId: 'dinas-kesehatan', entry, via: 'page', actor, mode: 'sandbox' } as const;
      return applyChange(tx, house.secrets, { ...request, ...more });
    });
  await change({}, { to: 'live' });
  await change({ redirect_uris: ['https://antrean.contoh.go.id/oidc/callback'] }, { reason: 'Alamat baru' });
  await house.clients.refresh();
}

const declared = {
  client_id: 'antrean-rsud',
  client_name: 'Antrean RSUD',
  'client_name#en': 'Hospital Queue',
  type: 'web',
  purpose: 'Mengambil nomor antrean di rumah sakit.',
  'purpose#en': 'To take a number at the hospital.',
  redirect_uris: ['https://antrean.contoh.go.id/callback'],
  scope: 'openid profile email',
  claims: [
    {
      name: 'name',
      required: true,
      basis: 'consent',
      purpose: 'Memanggil Anda dengan nama.',
      'purpose#en': 'To call you by your name.',
    },
  ],
};

/** The console asks for a passkey, so one is made first. */
export async function comeIn({ world }: Stage, { page }: Visitor): Promise<void> {
  await page.goto(`${world.issuer}/account`);
  await signInByPassword(page);
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
  await page.goto(`${world.issuer}/console`);
  await page.click('#passkey');
  await page.waitForSelector('.places');
}

/** An app registered on its page, and somebody invited. */
async function fillIn({ world }: Stage, { page }: Visitor, at: AtPage): Promise<void> {
  const { issuer } = world;
  await page.goto(`${issuer}/console/apps/new`);
  await at('console-new-app', page);
  await page.click('#register');
  await page.waitForSelector('#problems');
  await at('console-new-app-refused', page);
  await page.fill('#name', 'Imunisasi Anak');
  await page.fill('#purpose', 'Mencatat imunisasi anak Anda.');
  await page.click('#register');
  await page.waitForURL('**/start?**');
  await at('console-start', page);
  await page.goto(`${issuer}${agency}/team`);
  await page.click('#invite');
  await page.waitForSelector('#invitation-link');
  await at('console-invited', page);
  await page.goto((await page.textContent('#invitation-link')) ?? '');
  await at('invitation', page);
  await page.goto(`${issuer}${app}/edit`);
  await page.fill('#policy_uri', 'https://antrean.contoh.go.id/privasi');
  await page.click('#preview');
  await page.waitForSelector('#changes');
  await at('console-edit-preview', page);
}

/** Somebody without a role, who tries a sandbox out. */
async function beginFromNothing(stage: Stage, language: Language, at: AtPage): Promise<void> {
  await using dewi = await stage.visitor({ locale: language });
  const { page } = dewi;
  await page.goto(`${stage.world.issuer}/console`);
  await signInByPassword(page, 'dewi@contoh.id');
  await page.click('#create-passkey');
  await page.waitForSelector('#found-agency');
  await at('console-newcomer', page);
  await page.click('#found-agency');
  await page.waitForSelector('#found');
  await at('console-trial-agency', page);
}

/** Who read the data of somebody, asked for with a reason and a case. */
async function lookAtReleases({ world }: Stage, { page }: Visitor, at: AtPage): Promise<void> {
  await page.goto(`${world.issuer}/console/desk/releases`);
  await at('desk-releases', page);
  await page.fill('#named', 'dewi@contoh.id');
  await page.fill('#case', 'ADU/2026/0007');
  await page.click('#look');
  await page.waitForSelector('#problems');
  await at('desk-releases-refused', page);
  await page.locator('input[name=reason]').first().check();
  await page.click('#look');
  await page.waitForSelector('[data-release]');
  await at('desk-releases-of', page);
  await page.click('#leave');
}

interface Codes {
  readonly recovery: string;
  readonly first: string;
}

async function serve(stage: Stage, language: Language, { page }: Visitor, at: AtPage): Promise<Codes> {
  const { issuer } = stage.world;
  await page.goto(`${issuer}/console/desk`);
  await at('desk', page);
  await lookUp(page, 'nihil@contoh.id');
  await page.waitForSelector('#found-nobody');
  await at('desk-nobody', page);
  await lookUp(page, 'budi@contoh.id');
  await page.waitForSelector('#served-name');
  await at('desk-person', page);
  await page.click('#issue');
  await page.waitForSelector('#problems');
  await at('desk-person-refused', page);
  await page.check('#document-ktp');
  await page.check('#seen');
  await page.click('#issue');
  await page.waitForSelector('#sheet-code');
  await at('desk-paper', page);
  const recovery = (await page.textContent('#sheet-code')) ?? '';
  const waiting = page.url();
  await page.goto(`${issuer}/console/desk`);
  await at('desk-sheets', page);
  await page.goto(waiting);
  await at('desk-sheet', page);
  await agree(stage, language, waiting, at);
  await page.goto(`${issuer}/console/desk`);
  await page.click('#open-new');
  await page.fill('#name', 'Mbah Karto');
  await page.fill('#new-case', 'LKT/2026/0044');
  await page.check('#document-family-card');
  await page.check('#seen');
  await page.click('#open-account');
  await page.waitForSelector('#sheet-code');
  await at('desk-new-paper', page);
  return { recovery, first: (await page.textContent('#sheet-code')) ?? '' };
}

async function lookUp(page: Page, named: string): Promise<void> {
  await page.fill('#named', named);
  await page.fill('#case', 'LKT/2026/0043');
  await page.click('#look-up');
}

/** Another officer, at a computer of their own. */
async function agree(stage: Stage, language: Language, sheet: string, at: AtPage): Promise<void> {
  const { world } = stage;
  await using rudi = await stage.visitor({ locale: language });
  const { page } = rudi;
  await world.citizen('rudi.loket@contoh.id', { name: 'Rudi Hartono', password: 'kucing lompat pagar' });
  const accountId = await accountOf(world, 'rudi.loket@contoh.id');
  await grantMembership(world.database, { accountId, agencyId: 'dinas-kesehatan', role: 'desk' }, 'command');
  await page.goto(`${world.issuer}/account`);
  await signInByPassword(page, 'rudi.loket@contoh.id', 'kucing lompat pagar');
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
  await page.goto(sheet);
  await page.click('#passkey');
  await page.waitForSelector('#look');
  await at('desk-second', page);
  await page.click('#look');
  await page.waitForSelector('#served-name');
  await at('desk-second-looks', page);
  await page.check('#seen');
  await page.click('#agree');
  await page.waitForSelector('.notice-done');
  await at('desk-agreed', page);
}

/** What a citizen does with the paper, and with the message about it. */
async function useSheets(stage: Stage, visitor: Visitor, { recovery, first }: Codes, at: AtPage): Promise<void> {
  const { world } = stage;
  const { page } = visitor;
  await page.goto(`${world.issuer}/sheet`);
  await at('sheet', page);
  await page.fill('#code', 'AAAA-BBBB-CCCC-DDDD-EEEE');
  await page.click('#open');
  await page.waitForSelector('#problems');
  await at('sheet-wrong', page);
  await page.fill('#code', recovery);
  await page.click('#open');
  await page.waitForSelector('#sheet-waits');
  await at('sheet-waits', page);
  const { link = '' } = await world.message('budi@contoh.id');
  await page.goto(link);
  await at('sheet-notice', page);
  await page.click('#cancel-sheet');
  await page.waitForSelector('#sheet-cancelled');
  await at('sheet-cancelled', page);
  await page.goto(`${world.issuer}/sheet#${first}`);
  await page.click('#open');
  await page.waitForSelector('#create-passkey');
  await at('sheet-first', page);
  await visitor.device.forget();
  await page.click('#create-passkey');
  await page.waitForSelector('#sheet-done');
  await at('sheet-done', page);
  await page.goto(`${world.issuer}/account/history`);
  await at('history', page);
}
