import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { accountNumber } from '#src/people/account-numbers.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { grantMembership, listMemberships } from '#src/people/memberships.ts';
import { listMessages } from '#src/people/messages.ts';
import { identityAssurance, recordEvidence } from '#src/people/proofing.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { createPasskey, openWorld, password, signIn, type World } from '#test/support/world.ts';

const day = 24 * 3600;

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const desk = (id: string, name: string, parentId?: string) =>
    saveAgency(
      world.database,
      { id, name, nameEn: name, legalName: name, domain: `${id}.contoh.go.id`, ...(parentId && { parentId }) },
      'test',
    );
  await desk('kota-uji', 'Kota Uji');
  await desk('dukcapil-uji', 'Dukcapil Uji', 'kota-uji');
  await desk('kecamatan-lain', 'Kecamatan Lain');
});

afterAll(() => world[Symbol.asyncDispose]());

const pass = useMovedClock();
let made = 0;

/** An officer, and their browser at the desk. */
async function officer(at = 'dukcapil-uji') {
  made += 1;
  const person = await colleague(world, `petugas-${made}@contoh.id`, { [at]: ['desk'] });
  const { browser } = await openConsole(world, person);
  return { ...person, browser, open: () => browser.visit(`${world.issuer}/console/desk`) };
}

type Officer = Awaited<ReturnType<typeof officer>>;

async function citizen(name = 'Karto Wibowo') {
  made += 1;
  const mail = `warga-${made}@contoh.id`;
  const id = await world.citizen(mail, { name, password });
  return { id, mail };
}

async function lookUp(sari: Officer, named: string, caseNumber = 'LKT-1'): Promise<Page> {
  return (await sari.open()).fill({ named, case: caseNumber }).press('#look-up');
}

function issue(person: Page): Promise<Page> {
  return person.tick('document', 'ktp').tick('seen').press('#issue');
}

/** Types a code at `/sheet`, in a browser of the person's own. */
async function typeIn(code: string, browser = world.browser()): Promise<Page> {
  return (await browser.visit(`${world.issuer}/sheet`)).fill({ code }).press('#open');
}

async function messagesTo(mail: string) {
  const { database, secrets } = world.house;
  return listMessages(database, secrets, { to: { kind: 'email', value: mail }, limit: 10 });
}

async function eventsOf(id: string) {
  return world.database
    .for(shardOf(id))
    .query<{ kind: string; details: Record<string, unknown> }>(
      'select kind, details from account_events where shard = $1 and account_id = $2',
      [shardOf(id), id],
    );
}

describe('somebody who has lost every way in', () => {
  test('gets a sheet after an officer has compared name and document, waits a day, and makes a passkey with it', async () => {
    const sari = await officer();
    const { id, mail } = await citizen();
    const signedIn = world.browser();
    await signIn(await signedIn.visit(`${world.issuer}/account`), mail);

    const person = await lookUp(sari, mail);
    expect(person.text('#served-name')).toBe('Karto Wibowo');
    expect(person.text('main')).toContain('w•••@c•••.id');
    expect(person.text('main')).not.toContain(mail);
    const sheet = await issue(person);
    const code = sheet.text('#sheet-code');
    expect(sheet.text('#account-number')).toBe(accountNumber(id));
    expect((await sari.browser.visit(sheet.url)).has('#sheet-code')).toBe(false);

    expect((await typeIn(code)).has('#sheet-waits')).toBe(true);
    pass(day);
    const device = new SoftwareAuthenticator();
    const done = await createPasskey(await typeIn(code.toLowerCase().replaceAll('-', ' ')), device);
    expect(done.has('#sheet-done')).toBe(true);
    expect((await typeIn(code)).text('#problems')).toMatch(/sudah dipakai/);
    expect((await signedIn.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    const account = await signInByPasskey(await world.browser().visit(`${world.issuer}/account`), device);
    expect(account.text('h1')).toContain('Karto Wibowo');
    expect(account.has('#restricted')).toBe(true);
  });

  test('is told at every contact, and cancels by the link there; a mail scanner that follows it does not', async () => {
    const sari = await officer();
    const { mail } = await citizen();
    const code = (await issue(await lookUp(sari, mail))).text('#sheet-code');
    const { link = '', text } = (await messagesTo(mail))[0] ?? {};
    expect(text).toContain('Dukcapil Uji');
    const reader = world.browser();
    await reader.visit(link);
    expect((await typeIn(code)).has('#sheet-waits')).toBe(true);
    const ended = await (await reader.visit(link)).press('#cancel-sheet');
    expect(ended.has('#sheet-cancelled')).toBe(true);
    // The clock stands, so neither is the latest.
    expect((await messagesTo(mail)).map(({ subject }) => subject).join()).toMatch(/dibatalkan/);
    pass(day);
    expect((await typeIn(code)).has('#problems')).toBe(true);
  });

  test('confirms by an old contact, and does not have to wait or be restricted', async () => {
    const sari = await officer();
    const { id, mail } = await citizen();
    const code = (await issue(await lookUp(sari, mail))).text('#sheet-code');
    const { link = '' } = (await messagesTo(mail))[0] ?? {};
    const confirmed = await (await world.browser().visit(link)).press('#confirm-sheet');
    expect(confirmed.has('#sheet-ready')).toBe(true);
    const done = await createPasskey(await typeIn(code));
    expect(done.has('#sheet-done')).toBe(true);
    expect((await loadAccount(world.database, world.house.secrets, id)).restrictedAt).toBeUndefined();
  });

  test('whoever is signed in sees the sheet on the account page, and cancels there', async () => {
    const sari = await officer();
    const { mail } = await citizen();
    const owner = world.browser();
    await signIn(await owner.visit(`${world.issuer}/account`), mail);
    const code = (await issue(await lookUp(sari, mail))).text('#sheet-code');
    const page = await owner.visit(`${world.issuer}/account`);
    expect(page.text('#desk-sheet')).toContain('Dukcapil Uji');
    const after = await page.press('#cancel-sheet');
    expect(after.has('#desk-sheet')).toBe(false);
    pass(day);
    expect((await typeIn(code)).has('#problems')).toBe(true);
  });

  test('a passkey that is none leaves the sheet as it was', async () => {
    const sari = await officer();
    const { mail } = await citizen();
    const code = (await issue(await lookUp(sari, mail))).text('#sheet-code');
    pass(day);
    const browser = world.browser();
    const page = await typeIn(code, browser);
    const refused = await page.fill({ credential: '{}' }).press('#create-passkey');
    expect(refused.status).toBe(422);
    expect((await page.fill({ credential: '' }).press('#create-passkey')).status).toBe(422);
    const done = await createPasskey(await browser.visit(`${world.issuer}/sheet`));
    expect(done.has('#sheet-done')).toBe(true);
  });
});

describe('somebody who was proven by a document before', () => {
  test('is seen by two officers of the desk or above; nobody else can agree, and the roles of the account rest', async () => {
    const sari = await officer();
    const { id, mail } = await citizen();
    const evidence = { accountId: id, level: 'ial2', method: 'desk', recordedBy: 'uji' } as const;
    await world.database.transaction((tx) => recordEvidence(tx, evidence));
    await grantMembership(world.database, { accountId: id, agencyId: 'kota-uji', role: 'owner' }, 'command');
    const issued = await issue(await lookUp(sari, mail));
    const code = issued.text('#sheet-code');
    const address = issued.url;
    expect((await messagesTo(mail)).length).toBe(0);
    expect((await typeIn(code)).text('#sheet-waits')).toMatch(/[Pp]etugas kedua/);

    const own = await sari.browser.visit(address);
    expect(own.has('#look')).toBe(false);
    const stranger = await officer('kecamatan-lain');
    expect((await stranger.browser.visit(address)).text('#error-code')).toBe('not_here');

    const rudi = await officer('kota-uji');
    expect((await rudi.open()).has(`[data-sheet="${address.pathname.split('/').at(-1)}"]`)).toBe(true);
    const looked = await (await rudi.browser.visit(address)).press('#look');
    expect(looked.text('#served-name')).toBe('Karto Wibowo');
    expect((await looked.press('#agree')).status).toBe(422);
    await looked.tick('seen').press('#agree');
    expect((await messagesTo(mail)).length).toBe(1);
    pass(day);
    await createPasskey(await typeIn(code));
    expect(await identityAssurance(world.database, id)).toBe('ial2');
    const [role] = await listMemberships(world.database, id, new Date());
    expect(role?.suspendedReason).toBe('desk');
  });
});

describe('somebody who froze the account, and has lost everything since', () => {
  test('gets in by two officers and a day of waiting, and the account is open', async () => {
    const [sari, rudi] = [await officer(), await officer()];
    const { id, mail } = await citizen();
    await world.database.transaction((tx) => freeze(tx, world.house.secrets, id, { reason: 'not-me' }));
    const issued = await issue(await lookUp(sari, mail));
    const looked = await (await rudi.browser.visit(issued.url)).press('#look');
    await looked.tick('seen').press('#agree');
    pass(day);
    const device = new SoftwareAuthenticator();
    await createPasskey(await typeIn(issued.text('#sheet-code')), device);
    const account = await signInByPasskey(await world.browser().visit(`${world.issuer}/account`), device);
    expect(account.text('h1')).toContain('Karto Wibowo');
  });
});

describe('somebody without an account or an address', () => {
  test('gets an account with nothing but a name, and a passkey at once', async () => {
    const sari = await officer();
    const form = (await sari.open())
      .fill({ name: 'Mbah Karto', 'new-case': 'LKT-2' })
      .tick('document', 'ktp')
      .tick('seen');
    const code = (await form.press('#open-account')).text('#sheet-code');
    const device = new SoftwareAuthenticator();
    expect((await createPasskey(await typeIn(code), device)).has('#sheet-done')).toBe(true);
    const account = await signInByPasskey(await world.browser().visit(`${world.issuer}/account`), device);
    expect(account.text('h1')).toContain('Mbah Karto');
    expect(account.has('#restricted')).toBe(false);
  });

  test('is not opened without a document, a name and a case number', async () => {
    const sari = await officer();
    const whole = { name: 'Mbah Karto', 'new-case': 'LKT-3' };
    const filled = async (left: Record<string, string> = whole) => (await sari.open()).fill(left);
    const wrong = [
      (await filled({ name: whole.name })).tick('document', 'ktp').tick('seen'),
      (await filled({ 'new-case': 'LKT-3' })).tick('document', 'ktp').tick('seen'),
      (await filled()).tick('seen'),
      (await filled()).tick('document', 'ktp'),
    ];
    for (const page of wrong) expect((await page.press('#open-account')).status).toBe(422);
  });
});

describe('a look', () => {
  test('stands in the history of the person, with role, reason and case; without a case there is none', async () => {
    const sari = await officer();
    const { id, mail } = await citizen();
    expect((await lookUp(sari, mail, '')).status).toBe(422);
    expect((await eventsOf(id)).map(({ kind }) => kind)).not.toContain('account.read-by-staff');
    await lookUp(sari, mail, 'LKT-77');
    expect(await eventsOf(id)).toContainEqual({
      kind: 'account.read-by-staff',
      details: { role: 'desk', reason: 'asked-at-desk', agency: 'dukcapil-uji', case: 'LKT-77', officer: sari.id },
    });
    const owner = world.browser();
    await signIn(await owner.visit(`${world.issuer}/account`), mail);
    const history = await owner.visit(`${world.issuer}/account/history`);
    expect(history.text('[data-kind="account.read-by-staff"]')).toMatch(/Dukcapil Uji.*LKT-77/s);
  });

  test('is written down also where nobody was found, for those who look after the desk', async () => {
    const sari = await officer();
    const page = await lookUp(sari, 'nihil@contoh.id', 'LKT-78');
    expect(page.has('#found-nobody')).toBe(true);
    const rows = await world.database.query(
      `select kind, agency_id, details from admin_events where actor = $1 and kind = 'desk.looked-up'`,
      [sari.id],
    );
    expect(rows).toEqual([
      { kind: 'desk.looked-up', agency_id: 'dukcapil-uji', details: { found: false, case: 'LKT-78' } },
    ]);
  });

  test('is over after a quarter of an hour, and goes with no other browser', async () => {
    const sari = await officer();
    const { mail } = await citizen();
    const person = await lookUp(sari, mail);
    const rudi = await officer();
    expect((await rudi.browser.visit(person.url)).has('#look-up')).toBe(true);
    pass(8 * 60);
    expect((await sari.browser.visit(person.url)).has('#issue')).toBe(true);
    pass(8 * 60);
    expect((await sari.browser.visit(person.url)).has('#issue')).toBe(false);
  });

  test('takes the role at the desk', async () => {
    const owner = await colleague(world, 'pemilik@contoh.id', { 'dukcapil-uji': ['owner'] });
    const { browser } = await openConsole(world, owner);
    expect((await browser.visit(`${world.issuer}/console/desk`)).text('#error-code')).toBe('role_required');
    const sari = await officer();
    const page = await sari.open();
    const elsewhere = await page
      .fill({ desk: 'kecamatan-lain', named: 'siti@contoh.id', case: 'X-1' })
      .press('#look-up');
    expect(elsewhere.text('#error-code')).toBe('not_here');
  });
});

test('nobody serves themselves', async () => {
  const sari = await officer();
  const refused = await issue(await lookUp(sari, sari.email));
  expect(refused.status).toBe(422);
  expect(refused.has('#issue')).toBe(true);
});
