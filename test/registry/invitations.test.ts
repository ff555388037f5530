import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { Database } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import {
  claimInvitation,
  findInvitation,
  listInvitations,
  makeInvitation,
  type NewInvitation,
  revokeInvitation,
} from '#src/registry/invitations.ts';
import { kindsOf, race } from '#test/races/crowd.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { newSecrets } from './fixtures.ts';

let home: TestDatabase;
let database: Database;
const secrets = newSecrets();

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  const draft = { id: 'dinkes', name: 'Dinkes', nameEn: 'Health', legalName: 'Dinkes', domain: 'dinkes.contoh.go.id' };
  for (const id of ['dinkes', 'bapenda']) await database.transaction((tx) => saveAgency(tx, { ...draft, id }, 'test'));
});

afterEach(() => vi.useRealTimers());

afterAll(async () => {
  await database.close();
  await home.drop();
});

function invite(more: Partial<NewInvitation> = {}) {
  const invitation = { kind: 'member', agencyId: 'dinkes', role: 'developer', emailDomain: undefined } as const;
  return makeInvitation(database, secrets, { ...invitation, invitedBy: 'test', ...more } as NewInvitation);
}

const claim = (token: string) => claimInvitation(database, secrets, token, 'somebody');

test('an invitation is taken up once, of fifty at once', async () => {
  const { token } = await invite();
  const { won, lost } = await race(50, () => claim(token));
  expect(won).toMatchObject([{ agencyId: 'dinkes', role: 'developer' }]);
  expect(kindsOf(lost)).toEqual(['410 undefined']);
  expect(await findInvitation(database, secrets, token)).toBeUndefined();
});

test('its token cannot be read in the database', async () => {
  const { token } = await invite();
  const [row] = await database.query<{ text: string }>('select invitations::text as text from invitations');
  expect(row?.text).not.toContain(token);
  const hex = Buffer.from(token, 'base64url').toString('hex');
  expect(row?.text).not.toContain(hex);
});

test('a week later it is over', async () => {
  const { token } = await invite();
  vi.setSystemTime(Date.now() + 7 * 24 * 3600 * 1000 + 1000);
  expect(await findInvitation(database, secrets, token)).toBeUndefined();
  await expect(claim(token)).rejects.toMatchObject({ code: 'invitation_over' });
});

test('taken back it is over, and only its own agency takes it back', async () => {
  const { id, token } = await invite({ hint: 's•••@contoh.id' });
  expect(await revokeInvitation(database, { id, agencyId: 'bapenda' })).toBe(false);
  expect((await listInvitations(database, 'dinkes')).find((one) => one.id === id)).toMatchObject({
    hint: 's•••@contoh.id',
  });
  expect(await revokeInvitation(database, { id, agencyId: 'dinkes' })).toBe(true);
  expect(await revokeInvitation(database, { id, agencyId: 'dinkes' })).toBe(false);
  await expect(claim(token)).rejects.toMatchObject({ code: 'invitation_over' });
});
