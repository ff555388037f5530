import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { applyChange } from '#src/registry/changes.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { makeInvitation } from '#src/registry/invitations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { addTester, listTesters, MAX_TESTERS } from '#src/registry/testers.ts';
import { type Citizen, passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { openRelyingParty, type RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

const callback = 'https://antrean.contoh.go.id/callback';
const agency = {
  id: 'dinas-uji',
  name: 'Dinas Uji',
  nameEn: 'Trial Agency',
  legalName: 'Dinas Uji',
  domain: 'contoh.go.id',
};

let world: World;
let app: RelyingParty;
let siti: Citizen;
let budi: Citizen;
let rina: Citizen;

beforeAll(async () => {
  world = await openWorld({ production: true });
  const { entry } = checkClientEntry(
    {
      ...{ client_id: 'antrean', client_name: 'Antrean', purpose: 'Mengambil nomor.', type: 'spa' },
      ...{ redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'] },
      ...{ scope: 'openid profile offline_access', claims: [{ name: 'name', purpose: 'Memanggil Anda.' }] },
    },
    'production',
  );
  if (!entry) throw new Error('the declaration is right');
  await world.database.transaction(async (tx) => {
    await saveAgency(tx, agency, 'test');
    const request = { agencyId: agency.id, entry, via: 'page', actor: 'test', mode: 'production' } as const;
    await applyChange(tx, world.house.secrets, request);
  });
  await world.house.clients.refresh();
  rina = await colleague(world, 'rina@contoh.go.id', { [agency.id]: ['developer'] }, 'Rina');
  siti = await passkeyCitizen(world, 'siti.uji@contoh.go.id', 'Siti');
  budi = await passkeyCitizen(world, 'budi.uji@contoh.go.id', 'Budi');
  app = await openRelyingParty({
    issuer: world.issuer,
    clientId: 'antrean',
    redirectUri: callback,
    scope: 'openid profile offline_access',
  });
});

afterAll(() => world[Symbol.asyncDispose]());

async function begin(
  overrides = {},
): Promise<{ browser: BrowserAgent; page: Page; attempt: Awaited<ReturnType<RelyingParty['startSignIn']>> }> {
  const browser = world.browser({ stopAt: [callback] });
  const attempt = await app.startSignIn(overrides);
  return { browser, attempt, page: await browser.visit(attempt.url) };
}

test('before anybody is invited, an app that is not live may be used by nobody', async () => {
  const { page } = await begin();
  expect([page.status, page.text('#error-code')]).toEqual([403, 'client_unavailable']);
});

test('a developer invites somebody by a link; from then on that person may try the app, which says that it is on trial', async () => {
  const { page } = await openConsole(world, rina, { at: '/console/apps/antrean/testers' });
  const made = await page.press('#invite');
  const link = made.text('#invitation-link');
  expect((await openConsole(world, rina, { at: '/console/apps/antrean/testers' })).page.has('#invitation-link')).toBe(
    false,
  );
  const browser = world.browser();
  const invited = await signInByPasskey(await (await browser.visit(link)).press('#sign-in-to-accept'), siti.device);
  await invited.press('#accept');
  await world.house.clients.refresh();
  expect(await listTesters(world.database, 'antrean')).toMatchObject([{ accountId: siti.id, invitedBy: rina.id }]);

  const { page: signIn, attempt } = await begin({ prompt: 'consent' });
  expect(signIn.text('.on-trial')).toBe('Uji coba');
  const tokens = await app.finishSignIn(attempt, await signInByPasskey(signIn, siti.device));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({ name: 'Siti' });
});

test('somebody who is not invited is told so, and nothing of them is handed over', async () => {
  const { page } = await begin();
  const told = await signInByPasskey(page, budi.device);
  expect(told.text('h1')).toBe('Layanan ini masih diuji coba');
  expect(told.has('#consent-allow')).toBe(false);
  const answered = await told.press('#cancel');
  expect(answered.url.searchParams.get('error')).toBe('access_denied');
  const forced = await begin();
  const again = await signInByPasskey(forced.page, budi.device);
  const posted = await forced.browser.post(again.url, { csrf: again.value('csrf') ?? '', action: 'allow' });
  expect(posted.text('h1')).toBe('Layanan ini masih diuji coba');
  expect(await world.database.query('select from permissions where account_id = $1', [budi.id])).toEqual([]);
  const signedIn = world.browser({ stopAt: [callback] });
  await signInByPasskey(await signedIn.visit(`${world.issuer}/account`), budi.device);
  const silent = await signedIn.visit((await app.startSignIn({ prompt: 'none' })).url);
  expect(silent.url.searchParams.get('error')).toBe('access_denied');
});

test('whoever tests no longer is out at once: at the page, with the refresh token and with the access token', async () => {
  const { page, attempt } = await begin({ prompt: 'consent' });
  const tokens = await app.finishSignIn(attempt, await signInByPasskey(page, siti.device));
  const { page: team } = await openConsole(world, rina, { at: '/console/apps/antrean/testers' });
  expect(team.text(`[data-tester=${siti.id}]`)).toContain('Siti');
  expect((await team.press(`[data-tester=${siti.id}] .end`)).text('[role=status]')).toContain('tidak bisa membuka');
  await world.database.transaction((tx) =>
    addTester(tx, { clientId: 'antrean', accountId: rina.id, invitedBy: rina.id }),
  );
  await world.house.clients.refresh();
  await expect(app.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  await expect(app.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  expect((await signInByPasskey((await begin()).page, siti.device)).text('h1')).toBe('Layanan ini masih diuji coba');
});

test('no more than twenty-five are invited, however many developers ask at once', async () => {
  const { browser, page } = await openConsole(world, rina, { at: '/console/apps/antrean/testers' });
  const csrf = page.value('csrf') ?? '';
  await Promise.all(Array.from({ length: 30 }, () => browser.post(page.url, { csrf, action: 'invite' })));
  const full = await browser.visit(page.url);
  const testers = (await listTesters(world.database, 'antrean')).length;
  expect(full.count('[data-invitation]') + testers).toBe(MAX_TESTERS);
  expect(full.has('#invite')).toBe(false);
  expect(full.text('#invite-hint')).toContain('sudah penuh');
});

test('a link for which there is no room is good again as soon as there is', async () => {
  const { database, house, issuer } = world;
  await database.execute(
    `insert into client_testers (client_id, tester_id, invited_by, since)
     select 'antrean', gen_random_uuid(), 'test', $1 from generate_series(1, $2)`,
    [new Date(), MAX_TESTERS - (await listTesters(database, 'antrean')).length],
  );
  const { token } = await makeInvitation(database, house.secrets, {
    ...{ kind: 'tester', agencyId: agency.id, clientId: 'antrean', invitedBy: rina.id, emailDomain: undefined },
  });
  const link = `${issuer}/invitations/${token}`;
  const browser = world.browser();
  const invited = await signInByPasskey(await (await browser.visit(link)).press('#sign-in-to-accept'), budi.device);
  expect((await invited.press('#accept')).text('#error-code')).toBe('testers_full');
  await database.execute(`delete from client_testers where invited_by = 'test'`);
  await (await browser.visit(link)).press('#accept');
  expect((await listTesters(database, 'antrean')).map(({ accountId }) => accountId)).toContain(budi.id);
});

test('once it is live, everybody may use it and it says nothing of a trial', async () => {
  await world.database.transaction((tx) =>
    moveClient(tx, { clientId: 'antrean', to: 'live', actor: 'test', via: 'command' }),
  );
  await world.house.clients.refresh();
  const { page, attempt } = await begin();
  expect(page.has('.on-trial')).toBe(false);
  const tokens = await app.finishSignIn(attempt, await signInByPasskey(page, budi.device));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({ name: 'Budi' });
});
