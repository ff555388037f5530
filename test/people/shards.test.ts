import { expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { shardOf } from '#src/base/secrets.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { startClosings } from '#src/jobs/closings.ts';
import { startOutbox } from '#src/jobs/outbox.ts';
import { startPurge } from '#src/jobs/purge.ts';
import { disable, enable, freeze, unfreeze } from '#src/oidc/account-end.ts';
import { confirmAsIdentifier, dropIdentifier, giveOut, removeContact } from '#src/people/account-contacts.ts';
import { closeAccount, reopenAccount } from '#src/people/account-life.ts';
import { listAccountContacts, resealAccountKeys } from '#src/people/accounts.ts';
import { codeAudience, createCode, verifyCode } from '#src/people/codes.ts';
import { listCountingContacts, proveContact } from '#src/people/contacts.ts';
import { listMessages, resealMessages, sendMessage } from '#src/people/messages.ts';
import { addPasskey, newRegistrationOptions } from '#src/people/passkey-registration.ts';
import { newAuthenticationOptions, verifyAuthentication } from '#src/people/passkey-sign-in.ts';
import { listPasskeys, removePasskey } from '#src/people/passkeys.ts';
import { hasPassword } from '#src/people/passwords.ts';
import { saveProfile } from '#src/people/profile.ts';
import { signInWithPassword } from '#src/people/sign-in.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { setPassword } from '#test/support/passwords.ts';
import { email, openPeople, type People, statementsOf } from './people.ts';

const site = { rpId: 'localhost', origin: 'http://localhost:3000' };
const PASSWORD = 'kopi hujan sepatu';

/** All that can happen to somebody, once. */
async function liveThrough(people: People): Promise<void> {
  const { database, secrets, throttles, citizen } = people;
  const phone = { kind: 'phone', value: '+6281234567899' } as const;
  await citizen('Pengaku', { identifier: phone, profile: { email: 'siti@contoh.id' } });
  const { id } = await citizen('Siti', { profile: { phone_number: '+6281234567890', phone_number_verified: true } });
  await saveProfile(database, secrets, id, { name: 'Siti' });
  await listAccountContacts(database, secrets, id);
  await listCountingContacts(database, secrets, id);
  await proveContact(database, secrets, email('Siti'), id);
  const second = { accountId: id, contact: email('siti.kedua'), device: undefined };
  await confirmAsIdentifier(database, secrets, second);
  await giveOut(database, secrets, id, second.contact);
  await dropIdentifier(database, secrets, id, second.contact);
  await removeContact(database, secrets, id, second.contact);
  await setPassword(database, id, PASSWORD);
  await hasPassword(database, id);
  const identifier = email('Siti');
  await signInWithPassword(database, secrets, throttles, {
    identifier: identifier.value,
    password: PASSWORD,
    network: '10.0.0.1',
  });
  const slot = { identifier, boundTo: 'x', network: '10.0.0.1' };
  const code = await createCode(database, secrets, throttles, slot);
  await verifyCode(database, secrets, throttles, { ...slot, code });
  await codeAudience(database, secrets, identifier);
  await usePasskey(database, secrets, id);
  await sendMessage(database, secrets, {
    kind: 'email',
    to: 'siti@contoh.id',
    subject: 's',
    text: 't',
    language: 'id',
  });
  await listMessages(database, secrets, { limit: 1 });
  await resealMessages(database, secrets.wrap);
  await resealAccountKeys(database, secrets.wrap);
  await liveToItsEnd(people, id);
}

async function liveToItsEnd({ database, secrets }: People, id: string): Promise<void> {
  const operator = { actor: 'command', reason: 'uji' };
  await closeAccount(database, id);
  await reopenAccount(database, id);
  await freeze(database, secrets, id, { reason: 'asked' });
  await unfreeze(database, secrets, id, { reason: 'asked' });
  await disable(database, secrets, id, operator);
  await enable(database, id, operator);
  await closeAccount(database, id);
  await database.execute('update accounts set closes_at = $3 where shard = $1 and id = $2', [
    ...[shardOf(id), id, new Date()],
  ]);
}

async function usePasskey(database: People['database'], secrets: People['secrets'], accountId: string): Promise<void> {
  const device = new SoftwareAuthenticator();
  const asked = { rpId: site.rpId, rpName: 'Lawang', accountId, accountName: 'x', displayName: 'x', boundTo: 'x' };
  const made = device.create(await newRegistrationOptions(secrets, asked), site);
  const answered = { ...site, boundTo: 'x', accountId };
  const { credentialId } = await addPasskey(database, secrets, { ...answered, credential: JSON.stringify(made) });
  const options = await newAuthenticationOptions(secrets, { rpId: site.rpId, boundTo: 'x' });
  await verifyAuthentication(database, secrets, { ...answered, credential: JSON.stringify(device.get(options, site)) });
  await listPasskeys(database, accountId);
  await removePasskey(database, secrets, accountId, credentialId);
}

async function workBehind({ database, secrets }: People): Promise<void> {
  const log = createLog('silent');
  const config = {
    mode: 'sandbox',
    sandboxPublic: false,
    smtpUrl: undefined,
    messageWebhookUrl: undefined,
    mailFrom: 'x@contoh.id',
    issuer: 'http://localhost:3000',
  } as const;
  const outbox = startOutbox({ database, secrets, log, config }, { everyMs: 3_600_000 });
  const purge = startPurge({ database, log }, { everyMs: 3_600_000 });
  const closings = startClosings({ database, secrets, log, tellOwner: async () => undefined }, { everyMs: 3_600_000 });
  const notices = startAppNotices(
    { database, secrets, log, keys: { signing: [] }, config: { ...config, intranetAllowlist: [] } },
    { everyMs: 3_600_000 },
  );
  await outbox.deliverDue();
  await purge.purgeNow();
  expect(await closings.closeDue()).toBe(1);
  await notices.deliverDue();
  await Promise.all([outbox, purge, closings, notices].map((job) => job.stop()));
}

test('every statement of people and jobs says on which shards it works, for each table it names', async () => {
  await using people = await openPeople({ coalesce: false });
  const sharded = await people.database.query<{ table_name: string }>(
    `select table_name from information_schema.columns where table_schema = 'public' and column_name = 'shard'`,
  );
  const tables = new RegExp(
    `\\b(from|join|into|update) (${sharded.map(({ table_name }) => table_name).join('|')})\\b`,
    'g',
  );
  const sent = await statementsOf(people.database, async () => {
    await liveThrough(people);
    await workBehind(people);
  });
  const texts = [...new Set(sent)];
  expect(texts.length).toBeGreaterThan(45);
  for (const text of texts) {
    const named = [...text.matchAll(tables)].filter(([, verb]) => verb !== 'into').length;
    const told = [...text.matchAll(/\bshard = (\$\d|any\()/g)].length;
    expect(told, text).toBeGreaterThanOrEqual(named);
    if (/\binto\b/.test(text)) expect(text).toMatch(/into (\w+ (as \w+ )?\(shard, |admin_events)/);
    expect(text, text).not.toMatch(/\bnow\(\)|select \*|current_timestamp/i);
  }
});
