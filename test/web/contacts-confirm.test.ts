/** An app's contacts: asked by a link, confirmed by a press, once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startContactLinks } from '#src/jobs/contact-links.ts';
import { confirmContact, listConfirmedContacts, listContacts } from '#src/registry/client-contacts.ts';
import { createAskContact } from '#src/web/contacts-confirm.ts';
import { kindsOf, race } from '#test/races/crowd.ts';
import { openWorld, type World } from '#test/support/world.ts';

const clientId = 'puskesmas-online';
const email = 'tik@dinkes.contoh.go.id';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  vi.useRealTimers();
  await world.database.execute('delete from client_contacts');
  await world.database.execute('delete from outbox');
  await declareContact(email);
});

async function declareContact(address: string, role = 'technical'): Promise<void> {
  await world.database.execute('insert into client_contacts (client_id, role, email) values ($1, $2, $3)', [
    clientId,
    role,
    address,
  ]);
}

/** The work of one process, done once. */
async function askDue(): Promise<number> {
  const log = createLog('silent', { write: () => undefined });
  const askContact = createAskContact(world.house);
  const job = startContactLinks({ database: world.database, log, askContact }, { everyMs: 1_000_000_000 });
  const asked = await job.askDue();
  await job.stop();
  return asked;
}

async function openLink() {
  const { link = '' } = await world.message(email);
  return { link, page: await world.browser().visit(link), token: new URL(link).searchParams.get('token') ?? '' };
}

const confirmed = () => listConfirmedContacts(world.database, clientId, 'technical');

test('a new address is asked once, however many processes ask', async () => {
  await declareContact('bantuan@dinkes.contoh.go.id', 'support');
  const { won } = await race(10, askDue);
  expect(won.reduce((sum, each) => sum + each, 0)).toBe(2);
  const rows = await world.database.query('select id from outbox');
  expect(rows).toHaveLength(2);
  const { text, subject } = await world.message(email);
  expect(subject).toBe('Benarkah ini kontak untuk Puskesmas Online?');
  expect(text).toContain('kontak teknis');
});

test('looking confirms nothing; pressing does, for whoever holds the link, without a sign-in', async () => {
  await askDue();
  const { page } = await openLink();
  expect(page.text()).toContain('Puskesmas Online');
  expect(await confirmed()).toEqual([]);
  const done = await page.press('#confirm');
  expect(done.has('#contact-confirmed')).toBe(true);
  expect(done.url.search).not.toContain('token');
  expect(await confirmed()).toMatchObject([{ email }]);
});

describe('a link', () => {
  test('of fifty that press it at once, one confirms', async () => {
    await askDue();
    const { token } = await openLink();
    const { won, lost } = await race(50, () => confirmContact(world.database, world.house.secrets, token));
    expect(won).toHaveLength(1);
    expect(kindsOf(lost)).toEqual(['410 undefined']);
  });

  test('is over after a week, after its use, and once another has been sent', async () => {
    const at = new Date('2026-03-01T00:00:00Z').getTime();
    vi.useFakeTimers({ toFake: ['Date'], now: at });
    await askDue();
    const first = await openLink();
    const ask = () =>
      world.database.transaction((tx) => createAskContact(world.house)(tx, { clientId, role: 'technical', email }));
    expect(await ask()).toBe(false);
    vi.setSystemTime(at + 3_600_000);
    expect(await ask()).toBe(true);
    const use = (token: string) => confirmContact(world.database, world.house.secrets, token);
    await expect(use(first.token)).rejects.toMatchObject({ code: 'notice_over' });
    const [, second] = [first, await openLink()];
    vi.setSystemTime(at + 3_600_000 + 7 * 86_400_000);
    await expect(use(second.token)).rejects.toMatchObject({ code: 'notice_over' });
    expect((await world.browser().visit(second.link)).text('#error-code')).toBe('notice_over');
  });

  test('is kept only as a hash, and is in no log', async () => {
    await askDue();
    const { token, page } = await openLink();
    await page.press('#confirm');
    const rows = await world.database.query('select * from client_contacts');
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(world.log.join('\n')).not.toContain(token);
    expect(await listContacts(world.database, clientId)).toHaveLength(1);
  });

  test('that nobody made answers like one that is over', async () => {
    const page = await world.browser().visit(`${world.issuer}/contacts/confirm?token=x`);
    expect([page.status, page.text('#error-code')]).toEqual([410, 'notice_over']);
  });
});
